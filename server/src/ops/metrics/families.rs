//! Writing of metrics: a name without `framehouse_`, a description, and values.

use std::fmt;

use framehouse_shared::api::HistogramUs;
use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet},
    metrics::MetricType,
};

/// Writes one metric after the other. A description ends without a full stop.
pub(super) struct Families<'a>(pub DescriptorEncoder<'a>);

impl Families<'_> {
    /// A number that only grows. `_total` is appended to the name.
    pub fn counter(&mut self, name: &str, help: &str, value: impl EncodeCounterValue) -> fmt::Result {
        count(&mut self.begin(name, help, MetricType::Counter)?, value)
    }

    /// A counter for each value of a label.
    pub fn counters<'v, V: EncodeCounterValue>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'v str, V)>,
    ) -> fmt::Result {
        let mut family = self.begin(name, help, MetricType::Counter)?;
        values.into_iter().try_for_each(|(of, value)| count(&mut family.encode_family(&[(label, of)])?, value))
    }

    /// A counter for each pair of values of two labels.
    pub fn counters_by_two<'v>(
        &mut self,
        name: &str,
        help: &str,
        labels: [&str; 2],
        values: impl IntoIterator<Item = ([&'v str; 2], u64)>,
    ) -> fmt::Result {
        let mut family = self.begin(name, help, MetricType::Counter)?;
        values.into_iter().try_for_each(|(of, value)| {
            count(&mut family.encode_family(&[(labels[0], of[0]), (labels[1], of[1])])?, value)
        })
    }

    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl EncodeGaugeValue) -> fmt::Result {
        self.begin(name, help, MetricType::Gauge)?.encode_gauge(&value)
    }

    /// A gauge for each value of a label.
    pub fn gauges<'v, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'v str, V)>,
    ) -> fmt::Result {
        let mut family = self.begin(name, help, MetricType::Gauge)?;
        values.into_iter().try_for_each(|(of, value)| family.encode_family(&[(label, of)])?.encode_gauge(&value))
    }

    /// The constant 1 with labels. `_info` is appended to the name.
    pub fn info(&mut self, name: &str, help: &str, labels: &[(&str, &str)]) -> fmt::Result {
        self.begin(name, help, MetricType::Info)?.encode_info(&labels)
    }

    /// A histogram in seconds, with these bounds.
    pub fn histogram(&mut self, name: &str, help: &str, values: &HistogramUs, bounds_s: &[f64]) -> fmt::Result {
        observe(&mut self.begin(name, help, MetricType::Histogram)?, values, bounds_s)
    }

    /// A histogram for each value of a label.
    pub fn histograms<'v>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        bounds_s: &[f64],
        values: impl IntoIterator<Item = (&'v str, &'v HistogramUs)>,
    ) -> fmt::Result {
        let mut family = self.begin(name, help, MetricType::Histogram)?;
        values
            .into_iter()
            .try_for_each(|(of, values)| observe(&mut family.encode_family(&[(label, of)])?, values, bounds_s))
    }

    fn begin<'s>(&'s mut self, name: &'s str, help: &str, kind: MetricType) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, &format!("{help}."), None, kind)
    }
}

fn count(encoder: &mut MetricEncoder<'_>, value: impl EncodeCounterValue) -> fmt::Result {
    encoder.encode_counter::<NoLabelSet, _, u64>(&value, None)
}

fn observe(encoder: &mut MetricEncoder<'_>, values: &HistogramUs, bounds_s: &[f64]) -> fmt::Result {
    let buckets = rebucketed(values, bounds_s);
    let total = buckets.iter().map(|(_, count)| count).sum();
    encoder.encode_histogram::<NoLabelSet>(values.sum as f64 / 1e6, total, &buckets, None)
}

/// The numbers of values up to each bound and above the one before; the last bound is infinite. A value within 6 % below
/// a bound may count as above it, because the buckets of the status page are that wide.
fn rebucketed(values: &HistogramUs, bounds_s: &[f64]) -> Vec<(f64, u64)> {
    let mut buckets: Vec<(f64, u64)> = bounds_s.iter().chain(&[f64::INFINITY]).map(|bound| (*bound, 0)).collect();
    for (upper_us, count) in &values.buckets {
        let upper_s = *upper_us as f64 / 1e6;
        let bucket = buckets.iter_mut().find(|(bound, _)| upper_s <= *bound).expect("the last bound is infinite");
        bucket.1 += count;
    }
    buckets
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::histogram::DurationHistogram;

    #[test]
    fn every_value_is_in_a_bucket_and_at_most_six_percent_too_high() {
        let mut histogram = DurationHistogram::default();
        for us in [0, 900, 1200, 940_000, 30_000_000] {
            histogram.note(Duration::from_micros(us));
        }
        let buckets = rebucketed(&histogram.page(), &[0.0, 0.001, 1.0]);
        assert_eq!(buckets, [(0.0, 1), (0.001, 1), (1.0, 2), (f64::INFINITY, 1)]);
    }
}
