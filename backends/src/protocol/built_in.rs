//! The protocols that come with flowtwin.

/// Name and text of each.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("bronkhorst-modbus", include_str!("../../protocols/bronkhorst-modbus.toml")),
    ("cavro-xlp-6000", include_str!("../../protocols/cavro-xlp-6000.toml")),
    ("chemyx-fusion", include_str!("../../protocols/chemyx-fusion.toml")),
    ("eurotherm-2000", include_str!("../../protocols/eurotherm-2000.toml")),
    ("eurotherm-3200", include_str!("../../protocols/eurotherm-3200.toml")),
    ("hamilton-psd-4", include_str!("../../protocols/hamilton-psd-4.toml")),
    ("harvard-kds", include_str!("../../protocols/harvard-kds.toml")),
    ("huber-kiss", include_str!("../../protocols/huber-kiss.toml")),
    ("huber-pb", include_str!("../../protocols/huber-pb.toml")),
    ("ika-plate", include_str!("../../protocols/ika-plate.toml")),
    ("julabo", include_str!("../../protocols/julabo.toml")),
    ("knauer-pressure", include_str!("../../protocols/knauer-pressure.toml")),
    ("lauda", include_str!("../../protocols/lauda.toml")),
    ("mettler-mt-sics", include_str!("../../protocols/mettler-mt-sics.toml")),
    ("new-era-ne1000", include_str!("../../protocols/new-era-ne1000.toml")),
    ("omega-platinum", include_str!("../../protocols/omega-platinum.toml")),
    ("rheodyne-mx-2", include_str!("../../protocols/rheodyne-mx-2.toml")),
    ("vici-universal", include_str!("../../protocols/vici-universal.toml")),
    ("watlow-ez-zone-pm", include_str!("../../protocols/watlow-ez-zone-pm.toml")),
];

/// Instruments whose protocol does not come with flowtwin: what their names contain, and why.
const NOT_SHIPPED: &[(&str, &str)] = &[
    (
        "sf10",
        "nothing can be read from a Vapourtec SF-10, and it answers OK to a value out of range: nobody could see that it has stopped",
    ),
    (
        "vapourtec",
        "Vapourtec shows the protocol of its R2 and R4 only to those who promise to keep it to themselves; flowchem drives an R4, through \
         its bridge",
    ),
    (
        "knauer",
        "a Knauer pump knows no volume, so nothing stops it when the computer fails; flowchem drives one, through its bridge, with --timed",
    ),
    (
        "bronkhorst",
        "bronkhorst-modbus drives controllers that have a batch counter; one without would not stop by itself",
    ),
    (
        "alicat",
        "the columns of an Alicat's answer depend on how it was ordered, and what a BASIS 2 answers to the commands that set something is \
         in no manual that we have read; write an instrument program",
    ),
    (
        "xcalibur",
        "we have found no public manual of the Cavro XCalibur; it speaks much as the XLP 6000 does, so copy cavro-xlp-6000 beside your wiring \
         file and change name, steps and speeds as your manual has them",
    ),
];

/// Why there is no protocol with this name, if that is known.
pub(super) fn not_shipped(name: &str) -> Option<&'static str> {
    let plain: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    NOT_SHIPPED.iter().find(|(known, _)| plain.contains(known)).map(|(_, why)| *why)
}

/// The text of the protocol with this name.
pub fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::super::Protocol;
    use super::*;

    #[test]
    fn every_protocol_makes_sense_and_says_where_its_facts_come_from() {
        for (name, text) in BUILT_IN {
            let protocol = Protocol::parse(text, name).unwrap_or_else(|error| panic!("{error}"));
            assert!(protocol.sources.iter().all(|source| source.len() > 10), "{name}");
        }
    }
}
