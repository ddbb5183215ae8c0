//! Times in the Docker command line's words.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A length of time in seconds, roughly: `About a minute`, `3 weeks`.
pub fn duration(seconds: i64) -> String {
    let minutes = seconds / 60;
    // Hours are rounded, everything above is cut off.
    let hours = (seconds + 1800) / 3600;
    match seconds {
        ..1 => "Less than a second".to_owned(),
        1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        _ if minutes == 1 => "About a minute".to_owned(),
        _ if minutes < 60 => format!("{minutes} minutes"),
        _ if hours == 1 => "About an hour".to_owned(),
        _ if hours < 48 => format!("{hours} hours"),
        _ if hours < 24 * 14 => format!("{} days", hours / 24),
        _ if hours < 24 * 60 => format!("{} weeks", hours / 24 / 7),
        _ if hours < 24 * 730 => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", seconds / 3600 / 24 / 365),
    }
}

/// A moment in local time: `2026-11-26 17:19:57 +0000 UTC`.
pub fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |time| time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %z %Z").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_in_dockers_words() {
        let told: Vec<String> =
            [0, 1, 59, 60, 119, 120, 3599, 3600, 5399, 5400, 172_800, 1_209_600, 5_184_000, 63_072_000]
                .map(duration)
                .into();
        assert_eq!(
            told,
            [
                "Less than a second",
                "1 second",
                "59 seconds",
                "About a minute",
                "About a minute",
                "2 minutes",
                "59 minutes",
                "About an hour",
                "About an hour",
                "2 hours",
                "2 days",
                "2 weeks",
                "2 months",
                "2 years"
            ]
        );
    }
}
