//! SHA-256 digests as files write them.

use sha2::{Digest as _, Sha256};

/// Bytes in hexadecimal, two small letters or figures each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of `bytes` \[hexadecimal\].
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_the_standard_is_met() {
        // FIPS 180-4, the example of one block: "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), expected);
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
