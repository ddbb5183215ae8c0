//! What variables, env files and the environment give is in no output, and neither is what secret-like names hold.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use super::bench::{Bench, Ran, on_each};

/// Values nobody can guess: each of this run, each of a length of its own.
struct Values {
    all: Vec<String>,
}

impl Values {
    fn new(seed: u128) -> Values {
        // A xorshift generator will do: they only have to be unlike anything else.
        let mut state = (seed as u64) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let letters: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
        let one = |length: usize, next: &mut dyn FnMut() -> u64| -> String {
            (0..length).map(|_| letters[(next() % letters.len() as u64) as usize]).collect()
        };
        Values { all: (0..50).map(|at| one(8 + at % 17, &mut next)).collect() }
    }

    /// The one with this number, and where an old value and a new one are needed the one after it.
    fn get(&self, at: usize) -> &str {
        &self.all[at]
    }

    #[track_caller]
    fn unseen_in(&self, what: &str, ran: &Ran) {
        for (at, value) in self.all.iter().enumerate() {
            for (stream, text) in [("stdout", &ran.out), ("stderr", &ran.err)] {
                assert!(
                    !text.contains(value.as_str()),
                    "value {at} ({value}) is on {stream} of `{what}`:\n{text}"
                );
            }
        }
    }
}

/// Names of variables that say nothing, and of some that do.
const VARIABLES: [&str; 12] =
    ["PW", "JWT", "SALT", "PIN", "COOKIE", "WEBHOOK", "ALPHA", "BETA", "GAMMA", "DELTA", "EPSILON", "ZETA"];

/// Values that stand in the Compose file itself under secret-like names: from this number on.
const LITERALS: usize = 40;

fn compose(values: &Values, second: bool, sick: bool) -> String {
    let literal = |at: usize| values.get(LITERALS + 2 * at + usize::from(second)).to_owned();
    let check = if sick { "echo denied -p${GAMMA} $$FROM_ENV_FILE; exit 1" } else { "test -n '${GAMMA}'" };
    let mut text = String::from("services:\n");
    let _ = write!(
        text,
        r#"  db:
    image: busybox
    command: ["sleep", "1000", "${{ALPHA}}"]
    entrypoint: ["/bin/sh", "-c", "echo $$0 requirepass ${{BETA}}; exec $$0 $$1"]
    stop_signal: SIGKILL
    env_file: [db.env]
    environment:
      DATABASE_URL: postgres://app:${{PW}}@db/x
      MYSQL_PWD: {}
      SMTP_PW: "{}"
      AT_HOME: postgres://app:{}@db/x
      JWT: ${{JWT}}
      SALT: ${{SALT}}
      PIN: ${{PIN}}
      COOKIE: ${{COOKIE}}
      WEBHOOK: https://hooks.example.com/${{WEBHOOK}}
      PASSED_ON:
    labels:
      app.note: ${{DELTA}}
      app.token: {}
    healthcheck: {{test: "{check}", interval: 100ms, retries: 2}}
    configs: [text]
    secrets: [given]
    build: {{context: ., args: {{ARG: "${{EPSILON}}"}}}}
  web:
    image: busybox
    command: sleep 1000
    stop_signal: SIGKILL
    depends_on: {{db: {{condition: service_healthy}}}}
configs:
  text: {{content: "listen ${{EPSILON}}"}}
secrets:
  given: {{environment: ZETA}}
volumes:
  data: {{labels: {{note: "${{ZETA}}"}}}}
"#,
        literal(0),
        literal(1),
        literal(2),
        literal(3),
    );
    text
}

/// Sets every variable in `.env`, `db.env` and gives what the process itself has.
fn set(bench: &Bench, values: &Values, second: bool) {
    let offset = if second { 20 } else { 0 };
    let mut text = String::new();
    for (at, name) in VARIABLES.iter().enumerate() {
        let _ = writeln!(text, "{name}={}", values.get(offset + at));
    }
    let _ = writeln!(text, "PASSED_ON={}", values.get(offset + 12));
    bench.file(".env", &text);
    bench.file("db.env", &format!("FROM_ENV_FILE={}\n", values.get(offset + 13)));
}

#[test]
fn no_command_prints_a_secret() {
    on_each("secrets", |bench| {
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let values = Values::new(seed);
        let unseen = |arguments: &str, code: i32| -> Ran {
            let ran = bench.run(arguments).exits(code);
            values.unseen_in(arguments, &ran);
            ran
        };
        set(bench, &values, false);
        bench.compose(&compose(&values, false, false));
        unseen("plan", 2);
        unseen("plan --format json", 2);
        unseen("--dry-run up -d", 0);
        unseen("up -d", 0);
        unseen("ps", 0);
        unseen("ps --no-trunc", 0);
        unseen("ps --format json --no-trunc", 0);
        unseen("ps --no-trunc --format {{.Labels}}{{.Command}}", 0);
        // Other values everywhere: now the engine has old ones, and the files new ones.
        set(bench, &values, true);
        bench.compose(&compose(&values, true, true));
        for arguments in ["ps --no-trunc", "ps --format json --no-trunc"] {
            unseen(arguments, 0);
        }
        let plan = unseen("plan", 2);
        for words in [
            "environment.DATABASE_URL: changed (compose.yaml:9:7, from ${PW})",
            "environment.FROM_ENV_FILE: changed (compose.yaml:7:5, from env_file)",
            "environment.PASSED_ON: changed (compose.yaml:18:7, from the environment)",
            "environment.MYSQL_PWD: changed (compose.yaml:10:7)",
            "labels.app.note: changed (compose.yaml:20:7, from ${DELTA})",
            "from ${ALPHA}",
            "from ${BETA}",
        ] {
            assert!(plan.out.contains(words), "no {words:?} in\n{}", plan.out);
        }
        let json = unseen("plan --format json", 2);
        assert!(json.out.contains("\"hidden\": true") && json.out.contains("\"${PW}\""), "{}", json.out);
        unseen("--verbose --dry-run up -d", 0);
        let shown = bench.run("--show-values plan").exits(2);
        assert!(shown.out.contains(values.get(0)) && shown.out.contains(values.get(20)), "{}", shown.out);
        // A health check that fails, and repeats in its output what it was given.
        let sick = unseen("up -d --force-recreate", 1);
        for words in ["last check", "-p${GAMMA}", "denied -p${GAMMA} [hidden]"] {
            assert!(sick.err.contains(words), "no {words:?} in\n{}", sick.err);
        }
        unseen("--progress json up -d --force-recreate", 1);
        unseen("--ansi always --progress tty up -d --force-recreate", 1);
        // What the engine says of a command that isn't there.
        let gone = compose(&values, true, false).replace("\"/bin/sh\", \"-c\"", "\"/bin/${ALPHA}\"");
        bench.compose(&gone);
        unseen("up -d", 1);
        unseen("--progress json up -d", 1);
        unseen("logs --help", 0);
        // Values at places that take none of their kind.
        bench.compose(
            "services:\n  db:\n    image: busybox\n    mem_limit: ${PW}\n    ports: [\"${ALPHA}\"]\n    init: ${BETA}\n    \
             networks: [\"${GAMMA}\"]\n    environment: {MYSQL_PWD: [a], X: \"${Y:?${DELTA} must be set}\"}\n",
        );
        for arguments in ["plan", "config", "up -d", "--progress json up -d", "lint"] {
            unseen(arguments, 1);
        }
        bench.compose(&compose(&values, true, false));
        unseen("down -v -t 0", 0);
        assert!(bench.containers().is_empty());
    });
}
