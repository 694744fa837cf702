//! What the figures promise.

use super::*;

fn frame_free(x: Axis, y: Axis) -> Chart {
    Chart::new(x, y, "a test", false)
}

fn unit_chart() -> Chart {
    frame_free(Axis::between("x", 0.0, 1.0), Axis::between("y", 0.0, 1.0))
}

/// The numbers of an attribute, in the order of the figure.
fn numbers(svg: &str, attribute: &str) -> Vec<f64> {
    let key = format!(" {attribute}=\"");
    let parts = svg.split(&key).skip(1);
    parts.map(|part| part.split('"').next().unwrap().parse().unwrap()).collect()
}

/// The right edge of the frame [px].
fn right_edge(svg: &str) -> f64 {
    let plot = svg.split("data-plot=\"").nth(1).unwrap().split('"').next().unwrap();
    let plot: Vec<f64> = plot.split(' ').map(|part| part.parse().unwrap()).collect();
    plot[0] + plot[2]
}

#[test]
fn more_is_higher_and_further_right() {
    let dots = [Dot::new(0.1, 0.1, ""), Dot::new(0.9, 0.9, "")];
    let svg = unit_chart().with(Points::new(dots, Style::series(0))).svg();
    let (x, y) = (numbers(&svg, "cx"), numbers(&svg, "cy"));
    assert!(x[1] > x[0] && y[1] < y[0]);
}

#[test]
fn the_first_name_of_a_reversed_axis_is_at_the_top() {
    let chart = frame_free(Axis::between("", 0.0, 1.0), Axis::names("", ["a", "b"]).reversed());
    let dots = [Dot::new(0.5, 0.0, ""), Dot::new(0.5, 1.0, "")];
    let y = numbers(&chart.with(Points::new(dots, Style::series(0))).svg(), "cy");
    assert!(y[0] < y[1]);
}

#[test]
fn points_that_are_no_numbers_are_left_out() {
    let dots = [Dot::new(f64::NAN, 0.5, ""), Dot::new(0.5, 0.5, "")];
    let svg = unit_chart().with(Points::new(dots, Style::series(0))).svg();
    assert_eq!(svg.matches("<circle").count(), 1);
    assert!(!svg.contains("NaN"));
}

#[test]
fn labels_at_the_ends_of_lines_keep_apart() {
    let mut ends = Ends::default();
    for value in [0.50, 0.51, 0.52, 0.01, 0.0] {
        ends.push(value, "label", Colour::INK);
    }
    let svg = frame_free(Axis::between("", 0.0, 1.0), Axis::between("", 0.0, 1.0)).with(ends).svg();
    let labels: Vec<&str> = svg.lines().filter(|line| line.ends_with(">label</text>")).collect();
    let mut y: Vec<f64> = labels.iter().flat_map(|line| numbers(line, "y")).collect();
    assert_eq!(y.len(), 5);
    y.sort_by(f64::total_cmp);
    assert!(y.windows(2).all(|pair| pair[1] - pair[0] > 13.9), "{y:?}");
}

#[test]
fn bees_of_a_swarm_do_not_hide_each_other() {
    let bee = |i: usize| Bee { x: 0.5 + 0.001 * (i % 7) as f64, share: 0.5, tip: String::new() };
    let swarm = Swarm::new(0.0, (0..9).map(bee).collect(), Ramp::BlueToRed);
    let chart = frame_free(Axis::between("", 0.0, 1.0), Axis::names("", ["row"]).reversed());
    let svg = chart.with(swarm).svg();
    assert_eq!(svg.matches(" data-y=\"0\" fill").count(), 9, "its data are in the drawing");
    assert!(svg.contains("data-x=\"0.506\" data-y=\"0\""), "{svg}");
    let (x, y) = (numbers(&svg, "cx"), numbers(&svg, "cy"));
    for i in 0..x.len() {
        for j in 0..i {
            let (dx, dy) = (x[i] - x[j], y[i] - y[j]);
            assert!((dx * dx + dy * dy).sqrt() > 4.5, "{i} and {j} touch");
        }
    }
}

#[test]
fn a_map_has_a_cell_for_each_number() {
    let values = vec![1.0, 2.0, f64::NAN, 4.0, 5.0, 6.0];
    let cells = Cells::new((0.0, 1.0), (0.0, 1.0), 3, values, Ramp::Viridis);
    assert_eq!(cells.range(), (1.0, 6.0));
    let svg = unit_chart().with(cells).svg();
    assert_eq!(svg.matches("<rect").count(), 5);
    assert!(svg.contains("#440154") && svg.contains("#fde725"));
}

#[test]
fn lines_that_leave_the_chart_are_clipped_and_others_are_not() {
    let line = |high: f64| Line::new([(0.0, 0.0), (1.0, high)], Colour::INK);
    assert_eq!(unit_chart().with(line(1.0)).svg().matches("<svg").count(), 1);
    assert_eq!(unit_chart().with(line(3.0)).svg().matches("<svg").count(), 2);
}

#[test]
fn what_is_said_in_a_figure_is_escaped() {
    let dots = [Dot::new(0.5, 0.5, "a < b & \"c\"")];
    let svg = unit_chart().with(Points::new(dots, Style::series(0))).svg();
    assert!(svg.contains("<title>a &lt; b &amp; &quot;c&quot;</title>"));
}

/// `664 nm` and `664.0 nm` were drawn over each other.
#[test]
fn labels_of_upright_lines_do_not_run_into_each_other() {
    let axis = Axis::between("", 400.0, 700.0);
    let marks = [(664.0, "664 nm"), (664.2, "664.2 nm"), (660.0, "660 nm"), (450.0, "450 nm")];
    let marks = marks.map(|(at, label)| (at, label.to_owned()));
    let mut chart = frame_free(axis.clone(), Axis::between("", 0.0, 1.0)).sized(350.0, 200.0);
    Rule::uprights(&marks, &axis, 270.0).for_each(|rule| chart.add(rule));
    let svg = chart.svg();
    let lines: Vec<&str> = svg.lines().filter(|line| line.ends_with(" nm</text>")).collect();
    let y: Vec<f64> = lines.iter().flat_map(|line| numbers(line, "y")).collect();
    assert_eq!(y.len(), 4);
    for (i, a) in y[..3].iter().enumerate() {
        assert!(y[..i].iter().all(|b| (a - b).abs() > 13.0), "{y:?}");
    }
    assert!((y[3] - y[0]).abs() < 1e-9, "one that is far away stays at the top: {y:?}");
}

#[test]
fn labels_of_ticks_leave_room_for_each_other() {
    let names: Vec<String> = (0..12).map(|i| format!("a long name {i}")).collect();
    let svg =
        frame_free(Axis::names("", names), Axis::between("", 0.0, 1.0)).sized(350.0, 200.0).svg();
    let lines: Vec<&str> = svg.lines().filter(|line| line.contains("class=\"xt\"")).collect();
    let x: Vec<f64> = lines.iter().flat_map(|line| numbers(line, "x")).collect();
    assert!(x.len() > 1 && x.windows(2).all(|pair| pair[1] - pair[0] > 70.0), "{x:?}");
}

#[test]
fn bars_and_intervals_stay_within_the_axes() {
    let dot = Dot {
        x_between: Some((-4.0, 9.0)),
        y_between: Some((-4.0, 9.0)),
        ..Dot::new(0.5, 0.5, "")
    };
    let mut bars = Bars::new(Colour::INK, 0.2);
    bars.push(0.5, 0.0, 7.0, "");
    let chart = unit_chart().with(Points::new([dot], Style::series(1))).with(bars);
    let svg = chart.svg();
    let right = right_edge(&svg);
    let bar = svg.lines().find(|line| line.starts_with("<rect")).unwrap();
    assert!(numbers(bar, "x")[0] + numbers(bar, "width")[0] <= right + 0.01, "{bar}");
    let interval = svg.lines().find(|line| line.contains("stroke-opacity=\"0.6\"")).unwrap();
    let end: f64 = interval.split('H').nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
    assert!(end <= right + 0.01, "{interval}");
}

#[test]
fn labels_at_the_ends_of_lines_have_room_and_long_ones_are_shortened() {
    let width = |names: &[&str]| {
        let mut ends = Ends::default();
        names.iter().for_each(|name| ends.push(0.5, *name, Colour::SOFT));
        let svg = unit_chart().with(ends).svg();
        (right_edge(&svg), svg)
    };
    let ((short, _), (long, svg)) = (width(&["ab"]), width(&["exploitation 1134"]));
    // In DejaVu Sans these letters are 97.8 px wide at 12 px.
    assert!(440.0 - long > 15.0 + 97.8, "{long}");
    assert!(short > long && svg.contains(">exploitation 1134</text>"));
    let name = "a name that is longer than half of a chart on a phone";
    let (longest, svg) = width(&[name]);
    assert!(440.0 - longest < 175.0, "{longest}");
    assert!(svg.contains(&format!("…<title>{name}</title></text>")), "{svg}");
}
