//! The history of all flows, in closed form: the way from a slug in a flow cell back to what the
//! pumps did.
//!
//! Time is cut into segments by ticks of a fixed grid and by commands. Within a segment every flow
//! changes linearly, so volumes are parabolas: sums of flows are parabolas too, and all of them can
//! be inverted exactly. A segment is fixed by its beginning; looking into it never changes it.

use flowtwin_lab::Instant;

/// A volume that grows with a linearly changing flow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Course {
    /// Volume at the beginning of the segment [µL].
    pub(crate) volume: f64,
    /// Flow at the beginning [µL/s].
    pub(crate) rate: f64,
    /// Its change [µL/s²].
    pub(crate) slope: f64,
}

impl Course {
    /// Volume after `seconds` [µL].
    pub(crate) fn at(&self, seconds: f64) -> f64 {
        self.volume + seconds * (self.rate + 0.5 * self.slope * seconds)
    }

    /// Flow after `seconds` [µL/s].
    pub(crate) fn rate_at(&self, seconds: f64) -> f64 {
        self.rate + self.slope * seconds
    }

    /// The time at which the volume is reached [s]; none if it never is at this course.
    pub(crate) fn when(&self, volume: f64) -> Option<f64> {
        let missing = volume - self.volume;
        if missing <= 0.0 {
            return Some(0.0);
        }
        let square = self.rate * self.rate + 2.0 * self.slope * missing;
        let denominator = self.rate + square.max(0.0).sqrt();
        (square >= 0.0 && denominator > 0.0).then(|| 2.0 * missing / denominator)
    }

    /// Two flows together, or apart with `sign` −1.
    pub(crate) fn plus(self, sign: f64, other: Self) -> Self {
        Self {
            volume: self.volume + sign * other.volume,
            rate: self.rate + sign * other.rate,
            slope: self.slope + sign * other.slope,
        }
    }
}

/// How far the train has moved through one stretch of tube.
#[derive(Clone, Copy, Debug, Default)]
struct Travel {
    /// Volume passed since the start, in volumes of the tube [µL].
    passed: f64,
    /// Tube volume passed for each volume pumped: slip times thermal expansion.
    factor: f64,
}

/// The history of all flows.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlowHistory {
    pumps: usize,
    /// Pumps of each stream.
    streams: Vec<Vec<usize>>,
    /// Pumps whose flow passes each section of the tube, the last of which all pumps feed.
    sections: Vec<Vec<usize>>,
    /// Section of each stretch.
    of_stretch: Vec<usize>,
    stretches: usize,
    starts: Vec<Instant>,
    /// Pumps, streams, sections [segments][columns].
    courses: Vec<Course>,
    /// Volumes of `courses`, for those who go far back: [columns][segments] [µL].
    volumes: Vec<Vec<f64>>,
    travels: Vec<Travel>,
}

impl FlowHistory {
    /// A history at rest: pumps of each stream and of each section of the tube, section of each stretch.
    pub(crate) fn new(
        pumps: usize,
        streams: Vec<Vec<usize>>,
        sections: Vec<Vec<usize>>,
        of_stretch: Vec<usize>,
    ) -> Self {
        let stretches = of_stretch.len();
        let mut history = Self {
            pumps,
            streams,
            sections,
            of_stretch,
            stretches,
            starts: vec![Instant::START],
            courses: Vec::new(),
            volumes: Vec::new(),
            travels: vec![Travel { passed: 0.0, factor: 1.0 }; stretches],
        };
        history.courses = vec![Course::default(); history.columns()];
        history.volumes = vec![vec![0.0]; history.columns()];
        history
    }

    /// The same rig with flows that have stood since the start: a rate for each pump [µL/s], travel in each stretch.
    pub(crate) fn standing(mut self, rates: &[f64], factors: &[f64]) -> Self {
        let sum = |pumps: &Vec<usize>| pumps.iter().map(|&pump| rates[pump]).sum();
        let sums = self.streams.iter().chain(&self.sections).map(sum);
        let all = rates.iter().copied().chain(sums);
        self.courses = all.map(|rate| Course { volume: 0.0, rate, slope: 0.0 }).collect();
        self.starts = vec![Instant::START];
        self.volumes = vec![vec![0.0]; self.columns()];
        self.travels = factors.iter().map(|&factor| Travel { passed: 0.0, factor }).collect();
        self
    }

    /// Changes the rate of each pump at once [µL/s], and the travel in each stretch.
    pub(crate) fn step(&mut self, at: Instant, rates: &[f64], factors: &[f64]) {
        self.begin(at, |_, _| 0.0, factors);
        let (last, columns) = (self.segments() - 1, self.columns());
        let sum = |pumps: &Vec<usize>| pumps.iter().map(|&pump| rates[pump]).sum();
        let sums: Vec<f64> = self.streams.iter().chain(&self.sections).map(sum).collect();
        let present = &mut self.courses[last * columns..];
        for (course, rate) in present.iter_mut().zip(rates.iter().chain(&sums)) {
            course.rate = *rate;
        }
    }

    fn columns(&self) -> usize {
        self.pumps + self.streams.len() + self.sections.len()
    }

    /// Column of a stream.
    pub(crate) fn stream(&self, stream: usize) -> usize {
        self.pumps + stream
    }

    /// Column of all that flows at the head of the tube, where slugs form.
    pub(crate) fn head(&self) -> usize {
        self.pumps + self.streams.len()
    }

    /// Column of all that flows in a stretch.
    pub(crate) fn in_stretch(&self, stretch: usize) -> usize {
        self.head() + self.of_stretch[stretch]
    }

    /// Column of the sum of all flows.
    #[cfg(test)]
    pub(crate) fn total(&self) -> usize {
        self.columns() - 1
    }

    /// Number of segments.
    pub(crate) fn segments(&self) -> usize {
        self.starts.len()
    }

    /// The segment at a moment; the first one before the history begins.
    pub(crate) fn segment(&self, at: Instant) -> usize {
        let last = self.segments() - 1;
        if self.starts[last] <= at {
            return last;
        }
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// The course of a column in a segment.
    pub(crate) fn course(&self, segment: usize, column: usize) -> Course {
        self.courses[segment * self.columns() + column]
    }

    /// Whether nothing moves in the present segment, nor will until another begins.
    pub(crate) fn rests(&self) -> bool {
        let present = self.courses(self.segments() - 1);
        present.iter().all(|course| course.rate <= 0.0 && course.slope <= 0.0)
    }

    /// Volumes of a column at the beginning of each segment, at which the segment before it ended [µL].
    pub(crate) fn volumes(&self, column: usize) -> &[f64] {
        &self.volumes[column]
    }

    /// The courses of all columns in a segment.
    fn courses(&self, segment: usize) -> &[Course] {
        &self.courses[segment * self.columns()..][..self.columns()]
    }

    /// When a segment began.
    pub(crate) fn start(&self, segment: usize) -> Instant {
        self.starts[segment]
    }

    /// Time from the beginning of a segment to a moment [s].
    pub(crate) fn elapsed(&self, segment: usize, at: Instant) -> f64 {
        at.since(self.starts[segment]).as_secs()
    }

    /// The moment, up to `latest`, at which a column had passed a volume; the beginning of the
    /// history where that lies further back.
    pub(crate) fn when_volume(&self, column: usize, volume: f64, latest: Instant) -> Instant {
        let mut segment = self.segment(latest);
        while segment > 0 && self.course(segment, column).volume > volume {
            segment -= 1;
        }
        let seconds = self.course(segment, column).when(volume).unwrap_or(0.0);
        let at = self.starts[segment].as_nanos() + (seconds * 1e9).round_ties_even() as u64;
        Instant::from_nanos(at).min(latest)
    }

    /// Time between two moments during which a column moved [s].
    pub(crate) fn moving_s(&self, column: usize, since: Instant, until: Instant) -> f64 {
        const STILL_UL: f64 = 1e-9;
        let (first, last) = (self.segment(since), self.segment(until));
        let mut moving_s = 0.0;
        for segment in first..=last {
            let from = self.start(segment).max(since);
            let end = if segment == last { until } else { self.start(segment + 1) };
            let course = self.course(segment, column);
            let (a, b) = (self.elapsed(segment, from), self.elapsed(segment, end));
            if course.at(b) - course.at(a) > STILL_UL {
                moving_s += b - a;
            }
        }
        moving_s
    }

    /// Volume that a column has passed at a moment [µL].
    pub(crate) fn volume(&self, column: usize, at: Instant) -> f64 {
        let segment = self.segment(at);
        self.course(segment, column).at(self.elapsed(segment, at))
    }

    /// Flow of a column at a moment [µL/s].
    pub(crate) fn rate(&self, column: usize, at: Instant) -> f64 {
        let segment = self.segment(at);
        self.course(segment, column).rate_at(self.elapsed(segment, at)).max(0.0)
    }

    /// Begins a segment: `slope` gives each pump's change of flow from its present flow [µL/s²],
    /// `factor` the travel in each stretch. A segment that began at the same moment is replaced.
    pub(crate) fn begin(
        &mut self,
        at: Instant,
        slope: impl Fn(usize, f64) -> f64,
        factors: &[f64],
    ) {
        let last = self.segments() - 1;
        let seconds = self.elapsed(last, at);
        let head = self.head();
        let moved: Vec<f64> = (head..self.columns())
            .map(|section| {
                self.course(last, section).at(seconds) - self.course(last, section).volume
            })
            .collect();
        let mut row: Vec<Course> = (0..self.pumps)
            .map(|pump| {
                let before = self.course(last, pump);
                let rate = before.rate_at(seconds).max(0.0);
                Course { volume: before.at(seconds), rate, slope: slope(pump, rate) }
            })
            .collect();
        for (i, pumps) in self.streams.iter().enumerate() {
            let mut sum = pumps.iter().fold(Course::default(), |sum, &p| sum.plus(1.0, row[p]));
            sum.volume = self.course(last, self.pumps + i).at(seconds);
            row.push(sum);
        }
        for (i, pumps) in self.sections.iter().enumerate() {
            let mut sum = pumps.iter().fold(Course::default(), |sum, &p| sum.plus(1.0, row[p]));
            sum.volume = self.course(last, head + i).at(seconds);
            row.push(sum);
        }
        let travels: Vec<Travel> = self.travels[last * self.stretches..]
            .iter()
            .zip(factors)
            .zip(&self.of_stretch)
            .map(|((before, &factor), &section)| Travel {
                passed: before.passed + before.factor * moved[section],
                factor,
            })
            .collect();
        if self.starts[last] == at {
            self.starts.truncate(last);
            self.courses.truncate(last * self.columns());
            self.volumes.iter_mut().for_each(|volumes| volumes.truncate(last));
            self.travels.truncate(last * self.stretches);
        }
        self.starts.push(at);
        self.volumes.iter_mut().zip(&row).for_each(|(volumes, c)| volumes.push(c.volume));
        self.courses.extend(row);
        self.travels.extend(travels);
    }

    /// Tube volume that has passed through a stretch at a moment [µL].
    pub(crate) fn passed(&self, stretch: usize, at: Instant) -> f64 {
        let segment = self.segment(at);
        let travel = self.travels[segment * self.stretches + stretch];
        let course = self.course(segment, self.in_stretch(stretch));
        travel.passed + travel.factor * (course.at(self.elapsed(segment, at)) - course.volume)
    }

    /// Travel factor of a stretch at a moment.
    pub(crate) fn factor(&self, stretch: usize, at: Instant) -> f64 {
        self.travels[self.segment(at) * self.stretches + stretch].factor
    }

    /// The moment at which a stretch had been passed by a tube volume [s since the start]; none
    /// before the history begins, or if that has not happened yet.
    pub(crate) fn when_passed(&self, stretch: usize, volume: f64) -> Option<Instant> {
        let (mut low, mut high) = (0, self.segments());
        while low < high {
            let middle = (low + high) / 2;
            if self.travels[middle * self.stretches + stretch].passed <= volume {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let segment = low.checked_sub(1)?;
        let travel = self.travels[segment * self.stretches + stretch];
        let course = self.course(segment, self.in_stretch(stretch));
        let seconds = course.when(course.volume + (volume - travel.passed) / travel.factor)?;
        let at = Instant::from_nanos(
            self.starts[segment].as_nanos() + (seconds * 1e9).round_ties_even() as u64,
        );
        // A root beyond the segment's end is a rounding error of its last nanosecond.
        Some(self.starts.get(segment + 1).map_or(at, |end| at.min(*end)))
    }

    /// Forgets what happened before a moment.
    pub(crate) fn forget(&mut self, before: Instant) {
        let drop = self.segment(before);
        let (columns, stretches) = (self.columns(), self.stretches);
        self.starts.drain(..drop);
        self.courses.drain(..drop * columns);
        self.volumes.iter_mut().for_each(|volumes| _ = volumes.drain(..drop));
        self.travels.drain(..drop * stretches);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Instant {
        Instant::from_secs(seconds)
    }

    /// Two pumps in one stream, one carrier; flows ramp, stop, and start again.
    fn history() -> FlowHistory {
        let mut history = FlowHistory::new(3, vec![vec![0, 1]], vec![vec![0, 1, 2]], vec![0]);
        history.begin(at(0.0), |pump, _| [1.0, 0.5, 2.0][pump], &[1.2]);
        history.begin(at(2.0), |_, _| 0.0, &[1.1]);
        history.begin(at(5.0), |_, rate| -rate, &[1.1]);
        history.begin(at(6.0), |_, _| 0.0, &[1.1]);
        history.begin(at(9.0), |pump, _| [1.0, 0.5, 2.0][pump], &[1.3]);
        history
    }

    #[test]
    fn volumes_are_the_integrals_of_the_flows() {
        let history = history();
        for (seconds, volume) in [(1.0, 0.5), (2.0, 2.0), (5.0, 8.0), (6.0, 9.0), (9.0, 9.0)] {
            assert!((history.volume(0, at(seconds)) - volume).abs() < 1e-12, "at {seconds} s");
        }
    }

    #[test]
    fn sums_stay_sums() {
        let history = history();
        for i in 0..40 {
            let t = at(0.27 * f64::from(i));
            let pumps = [0, 1, 2].map(|p| history.volume(p, t));
            assert!((history.volume(history.stream(0), t) - pumps[0] - pumps[1]).abs() < 1e-12);
            let total = pumps[0] + pumps[1] + pumps[2];
            assert!((history.volume(history.total(), t) - total).abs() < 1e-12);
        }
    }

    #[test]
    fn travel_can_be_inverted_wherever_it_moves() {
        let history = history();
        for i in 1..60 {
            let t = at(0.2 * f64::from(i));
            if history.rate(history.total(), t) < 1e-9 {
                continue;
            }
            let back = history.when_passed(0, history.passed(0, t)).unwrap();
            assert!(back.as_nanos().abs_diff(t.as_nanos()) <= 2, "{back} is not {t}");
        }
    }

    #[test]
    fn forgetting_the_past_leaves_the_present() {
        let mut history = history();
        let before = history.volume(history.total(), at(10.0));
        history.forget(at(7.0));
        assert!(history.segments() == 2);
        assert!((history.volume(history.total(), at(10.0)) - before).abs() < 1e-12);
    }
}
