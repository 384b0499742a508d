use super::*;

/// Feedback on the input of this tick, which was sent at clock offset 0 and arrived with this margin.
fn take_frames_header(margin: &mut LeadController, tick: u32, came: f64) {
    margin.note_sent(Tick(tick), 0.0);
    let feedback = Feedback { margin: (came * 256.0) as i16, ..Feedback::default() };
    let header = FramesHeader { match_low: 0, newest: Tick(tick), input_ack: Tick(tick + 1), feedback: Some(feedback) };
    margin.take_frames_header(&header);
}

/// A controller after twenty samples with a margin of one tick and no jitter.
fn settled() -> LeadController {
    let mut margin = LeadController::new(30.0);
    (0..20).for_each(|tick| take_frames_header(&mut margin, tick, 1.0));
    margin
}

fn moved(margin: &LeadController) -> f64 {
    margin.base_offset.expect("there were samples") + 1.0
}

#[test]
fn the_target_is_bounded_on_both_sides() {
    let mut margin = LeadController::new(30.0);
    assert!((margin.target() - 0.3).abs() < 1e-9, "10 ms are 0.3 ticks");
    margin.expect_jitter(0.15);
    assert!((margin.target() - (0.24 + 0.45)).abs() < 1e-9, "8 ms and three times 5 ms");
    margin.expect_jitter(3.0);
    assert!((margin.target() - 2.5).abs() < 1e-9, "83 ms");
}

#[test]
fn one_sample_moves_a_tenth_of_the_error_and_a_late_one_twice_as_much() {
    let mut margin = settled();
    take_frames_header(&mut margin, 20, 0.6);
    assert!((moved(&margin) - 0.04).abs() < 0.002, "{margin:?}");
    let mut margin = settled();
    margin.jitter = 1.0;
    take_frames_header(&mut margin, 20, -1.0);
    assert!((moved(&margin) - 0.4).abs() < 0.002, "{margin:?}");
}

#[test]
fn two_outliers_in_a_row_are_ignored_and_the_third_is_believed() {
    let mut margin = settled();
    take_frames_header(&mut margin, 20, -3.0);
    take_frames_header(&mut margin, 21, -3.0);
    assert_eq!(moved(&margin), 0.0);
    take_frames_header(&mut margin, 22, -3.0);
    assert!((moved(&margin) - 0.8).abs() < 0.002, "{margin:?}");
}

#[test]
fn what_stays_far_off_is_a_new_offset() {
    let mut margin = settled();
    (20..23).for_each(|tick| take_frames_header(&mut margin, tick, -30.0));
    assert_eq!(moved(&margin), 31.0);
}

#[test]
fn the_same_input_counts_once_and_not_at_all_when_it_was_sent_twice() {
    let mut margin = settled();
    let known = margin.samples;
    margin.note_sent(Tick(20), 0.0);
    take_frames_header(&mut margin, 20, 0.7);
    assert_eq!(margin.samples, known, "which of the two came first?");
    take_frames_header(&mut margin, 21, 0.9);
    take_frames_header(&mut margin, 21, 0.9);
    assert_eq!(margin.samples, known + 1);
}

#[test]
fn an_input_that_left_before_a_sleep_measures_nothing_after_it() {
    let mut margin = settled();
    margin.forget_offset();
    // The same input again, at a clock offset that is far ahead by now: the feedback is about the first time.
    margin.note_sent(Tick(19), -150.0);
    take_frames_header(&mut margin, 19, 1.0);
    assert_eq!(margin.base_offset, None);
    take_frames_header(&mut margin, 20, 1.0);
    assert_eq!(moved(&margin), 0.0);
}
