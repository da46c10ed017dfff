//! Asks a Prometheus server.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::future::try_join_all;
use serde::Deserialize;
use ureq::Agent;
use ureq::http::{StatusCode, header};
use url::Url;

use super::usage::Values;
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::secret::Secret;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of an answer: one series for each task of a service.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A Prometheus server, or anything that answers its HTTP API. Cloning it is cheap.
#[derive(Clone)]
pub struct Prometheus {
    agent: Agent,
    /// `<base>/api/v1/query`, without credentials.
    query: Url,
    authorization: Option<Secret>,
}

impl Prometheus {
    /// Prepares the way to a server, as in `http://prometheus:9090` or `https://user:password@host/path`. Nothing is
    /// sent yet.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for what is no such URL; it never repeats it.
    pub fn new(url: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid_field("prometheusUrl", "is not the URL of a Prometheus server")
                .with_hint("write it as in http://prometheus:9090")
        };
        let mut query = Url::parse(url).map_err(|_| wrong())?;
        if !matches!(query.scheme(), "http" | "https") || query.query().is_some() {
            return Err(wrong());
        }
        let authorization = authorization(&query);
        let path = format!("{}/api/v1/query", query.path().trim_end_matches('/'));
        query.set_path(&path);
        query.set_fragment(None);
        query.set_username("").map_err(|()| wrong())?;
        query.set_password(None).map_err(|()| wrong())?;
        // Whoever was told the credentials is the one who gets them: no redirect is followed.
        let agent = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .http_status_as_error(false)
            .build()
            .into();
        Ok(Self {
            agent,
            query,
            authorization,
        })
    }

    /// Everything that is asked about a service.
    pub(super) async fn service(&self, service: &str) -> Result<Values> {
        let queries = queries(service);
        let answers = try_join_all(queries.map(|query| self.sum(query))).await?;
        let [cpu, memory, network_rx, network_tx, requests, errors] = answers[..] else {
            return Ok(Values::default());
        };
        Ok(Values {
            cpu,
            memory,
            network_rx,
            network_tx,
            requests,
            errors,
        })
    }

    /// The sum over all series that a query finds; `None` when it finds none.
    async fn sum(&self, query: String) -> Result<Option<f64>> {
        let prometheus = self.clone();
        // The client blocks.
        let asked = tokio::task::spawn_blocking(move || prometheus.ask(&query)).await;
        asked.map_err(|error| {
            Error::new(ErrorKind::Unexpected, "asking Prometheus failed").with_source(error)
        })?
    }

    fn ask(&self, query: &str) -> Result<Option<f64>> {
        let mut request = self.agent.get(self.query.as_str()).query("query", query);
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization.expose());
        }
        let mut response = request.call().map_err(|error| {
            Error::new(ErrorKind::Unavailable, "Prometheus does not answer")
                .with_source(error.to_string())
                .with_hint("check DOKPLOY_PROMETHEUS_URL and that the server runs")
        })?;
        let status = response.status();
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let body = body.read_to_vec().map_err(|error| {
            Error::new(ErrorKind::Unavailable, "the answer of Prometheus broke off")
                .with_source(error.to_string())
        })?;
        read(status, &body)
    }
}

// The host alone: the rest of a URL may hold a token.
impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prometheus")
            .field("host", &self.query.host_str())
            .finish_non_exhaustive()
    }
}

fn authorization(url: &Url) -> Option<Secret> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let user = decode(url.username());
    let password = decode(url.password().unwrap_or_default());
    let pair = STANDARD.encode(format!("{user}:{password}"));
    Some(Secret::new(format!("Basic {pair}")))
}

/// What is asked about a service: cores, bytes, bytes a second in and out, requests a second, failed ones.
fn queries(service: &str) -> [String; 6] {
    let service = format!("service=\"{}\"", escaped(service));
    let rate = |metric: &str, labels: &str| format!("rate({metric}{{{labels}}}[5m])");
    let failed = format!("{service},status=~\"5..\"");
    [
        rate("container_cpu_usage_seconds_total", &service),
        format!("container_memory_usage_bytes{{{service}}}"),
        rate("container_network_receive_bytes_total", &service),
        rate("container_network_transmit_bytes_total", &service),
        rate("http_requests_total", &service),
        rate("http_requests_total", &failed),
    ]
}

/// A text between double quotes in a query.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
enum Answer {
    Success { data: Data },
    Error { error: String },
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    /// Seconds since 1970, and the value as a text: it may be `NaN` or `+Inf`.
    value: (f64, String),
}

fn read(status: StatusCode, body: &[u8]) -> Result<Option<f64>> {
    let answer = serde_json::from_slice(body);
    match answer {
        Ok(Answer::Success { data }) => {
            let values = data
                .result
                .iter()
                .filter_map(|series| series.value.1.parse::<f64>().ok());
            let finite: Vec<f64> = values.filter(|value| value.is_finite()).collect();
            Ok((!finite.is_empty()).then(|| finite.iter().sum()))
        }
        Ok(Answer::Error { error }) => Err(refused(format!("Prometheus refused a query: {error}"))),
        Err(_) if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN => {
            Err(refused("Prometheus wants other credentials".to_owned()))
        }
        Err(_) => Err(refused(format!(
            "what answers at the address of Prometheus is none: status {}",
            status.as_u16()
        ))),
    }
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Unavailable, message)
        .with_retry(Retry::Never)
        .with_hint("check DOKPLOY_PROMETHEUS_URL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queries_are_these() {
        assert_eq!(
            queries("shop-web"),
            [
                r#"rate(container_cpu_usage_seconds_total{service="shop-web"}[5m])"#,
                r#"container_memory_usage_bytes{service="shop-web"}"#,
                r#"rate(container_network_receive_bytes_total{service="shop-web"}[5m])"#,
                r#"rate(container_network_transmit_bytes_total{service="shop-web"}[5m])"#,
                r#"rate(http_requests_total{service="shop-web"}[5m])"#,
                r#"rate(http_requests_total{service="shop-web",status=~"5.."}[5m])"#,
            ]
        );
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let query = &queries("x\"} or up{a=\"\\\n")[1];
        assert_eq!(
            query,
            r#"container_memory_usage_bytes{service="x\"} or up{a=\"\\\n"}"#
        );
    }

    #[test]
    fn the_series_are_summed_and_what_is_no_number_is_left_out() {
        let body = br#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{"id":"a"},"value":[1772355601.1,"1.5"]},
            {"metric":{"id":"b"},"value":[1772355601.1,"2"]},
            {"metric":{"id":"c"},"value":[1772355601.1,"NaN"]}]}}"#;
        assert_eq!(read(StatusCode::OK, body).unwrap(), Some(3.5));
        let none = br#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
        assert_eq!(read(StatusCode::OK, none).unwrap(), None);
    }

    #[test]
    fn whatever_else_answers_is_an_error_that_says_so() {
        let refused = br#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
        let cases: [(StatusCode, &[u8], &str); 3] = [
            (StatusCode::BAD_REQUEST, refused, "parse error"),
            (StatusCode::OK, b"<html>", "is none"),
            (StatusCode::UNAUTHORIZED, b"", "credentials"),
        ];
        for (status, body, expected) in cases {
            let error = read(status, body).unwrap_err();
            assert!(error.message().contains(expected), "{error}");
        }
    }

    #[test]
    fn no_credential_is_shown_or_kept_in_the_address() {
        let prometheus =
            Prometheus::new("https://ann:hunter%402@metrics.example/base/?").unwrap_err();
        assert!(!format!("{prometheus:?}").contains("hunter"));
        let prometheus = Prometheus::new("https://ann:hunter%402@metrics.example/base/").unwrap();
        assert_eq!(
            prometheus.query.as_str(),
            "https://metrics.example/base/api/v1/query"
        );
        let pair = STANDARD.encode("ann:hunter@2");
        assert_eq!(
            prometheus.authorization.as_ref().unwrap().expose(),
            format!("Basic {pair}")
        );
        assert!(!format!("{prometheus:?}").contains("hunter"));
        for bad in ["", "prometheus:9090", "ftp://h", "file:///x"] {
            assert!(Prometheus::new(bad).is_err(), "{bad}");
        }
    }
}
