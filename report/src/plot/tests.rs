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
