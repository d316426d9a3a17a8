@testable import BacktestPolicies
import Glibc
import Testing

/// Processes that fail: each is one clear line, and nothing hangs.
@Suite struct ExternalPolicyFailureTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var script: String
    /// The number of decisions before the failure.
    var decisions = 0
    /// Parts of the message.
    var parts: [String]
    var limits = ExternalPolicy.Limits()
    var isBox = false
    var testDescription: String { name }

    /// A script that answers its first observation with a line.
    static func answer(_ name: String, _ line: String, _ parts: String..., box: Bool = false)
      -> Case
    {
      Case(
        name: name, script: TestPolicies.ready + "read line; echo '\(line)'; sleep 600",
        parts: parts, isBox: box)
    }
  }

  private static var short: ExternalPolicy.Limits {
    var limits = ExternalPolicy.Limits()
    limits.decision = 0.2
    limits.grace = 0.2
    return limits
  }

  private static var shortStart: ExternalPolicy.Limits {
    var limits = short
    limits.start = 0.2
    return limits
  }

  static let processes: [Case] = [
    Case(
      name: "crash at start", script: "echo 'No module named torch' >&2; exit 3",
      parts: [
        "ended with exit status 3 before it answered the greeting", "'No module named torch'",
      ]
    ),
    Case(
      name: "crash in the middle",
      script: TestPolicies.ready
        + #"read l; echo '{"id":1,"action":1}'; read l; echo boom >&2; kill -SEGV $$"#,
      decisions: 1,
      parts: ["was ended by signal 11 (SIGSEGV) before it answered observation 2", "'boom'"]),
    Case(
      name: "late exit", script: TestPolicies.ready + #"read l; echo '{"id":1,"action":1}'"#,
      decisions: 1, parts: ["ended with exit status 0 before it answered observation 2"]),
    Case(
      name: "silence at start", script: "sleep 600", parts: ["did not answer the greeting within"],
      limits: shortStart),
    Case(
      name: "silence", script: TestPolicies.ready + "sleep 600",
      parts: ["did not answer observation 1 within 0.2 s and was ended"], limits: short),
    Case(
      name: "deaf to signals",
      script: "trap '' TERM; " + TestPolicies.ready + "while :; do sleep 1; done",
      parts: ["did not answer observation 1 within 0.2 s"], limits: short),
    Case(
      name: "half a line", script: TestPolicies.ready + #"printf '{"id":1'; sleep 600"#,
      parts: ["did not answer observation 1 within"], limits: short),
    Case(
      name: "closed output", script: TestPolicies.ready + "exec >&-; sleep 600",
      parts: ["it closed its output before it answered observation 1"], limits: short),
    Case(
      name: "huge line",
      script: TestPolicies.ready + "read l; head -c 2000000 /dev/zero | tr '\\0' x; sleep 600",
      parts: ["answered observation 1 with a line of more than 1 MiB"]),
    Case(
      name: "chatter at start", script: "read l; echo Loading the model; sleep 600",
      parts: ["answered the greeting with 'Loading the model'", "on standard error"]),
    Case(
      name: "not ready", script: #"read l; echo '{"ready":false}'; sleep 600"#,
      parts: ["'ready' must be true"]),
    Case(
      name: "refused job", script: #"read l; echo '{"refuse":"18 numbers needed"}'; sleep 600"#,
      parts: ["it refuses this job: '18 numbers needed'"]),
  ]

  static let answers: [Case] = [
    .answer("chatter", "step 1", "answered observation 1 with 'step 1'", "on standard error"),
    .answer("empty line", "", "answered observation 1 with ''", "on standard error"),
    .answer("a list", "[1]", "on standard error"),
    .answer("half an object", #"{"id":1,"#, "the document ends too early"),
    .answer("no id", #"{"action":1}"#, "key 'id' is missing"),
    .answer("wrong id", #"{"id":7,"action":1}"#, "its 'id' is 7 where 1 was asked"),
    .answer("no action", #"{"id":1}"#, "no 'action' where 1 number is expected"),
    .answer("null", #"{"id":1,"action":null}"#, "no 'action'"),
    .answer("wrong count", #"{"id":1,"action":[1,2]}"#, "an 'action' of 2 where 1 number"),
    .answer("nested", #"{"id":1,"action":[[1]]}"#, "must be a number, not a list"),
    .answer("text", #"{"id":1,"action":"buy"}"#, "must be a number, not the text 'buy'"),
    .answer("NaN", #"{"id":1,"action":NaN}"#, "not valid JSON"),
    .answer("infinite", #"{"id":1,"action":1e999}"#, "too large"),
    .answer("not whole", #"{"id":1,"action":1.5}"#, "is 1.5, not a whole number from 0 to 2"),
    .answer("too great", #"{"id":1,"action":3}"#, "is 3, not a whole number from 0 to 2"),
    .answer("negative", #"{"id":1,"action":-1}"#, "is -1, not a whole number"),
    .answer("unknown key", #"{"id":1,"acton":1}"#, "unknown key 'acton'"),
    .answer("key twice", #"{"id":1,"id":1,"action":1}"#, "given twice"),
    .answer("both", #"{"id":1,"action":1,"refuse":"no"}"#, "not both"),
    .answer("probability", #"{"id":1,"action":1,"probability_up":1.5}"#, "from 0 to 1"),
    .answer("deviation", #"{"id":1,"action":1,"deviation":-1}"#, "of at least 0"),
    .answer("terminal", "\u{1B}[31mred", "'\\u{1b}[31mred'"),
    .answer("below", #"{"id":1,"action":[-0.6,0.5]}"#, "is -0.6, outside of -0.5...1.0", box: true),
    .answer(
      "above", #"{"id":1,"action":[0,0.71]}"#, "number 2 of its action is 0.71", box: true),
    .answer("one of two", #"{"id":1,"action":0.5}"#, "where 2 numbers are expected", box: true),
  ]

  @Test(arguments: processes + answers)
  func aFailureIsOneLine(_ test: Case) throws {
    let manifest = try TestPolicies.manifest(
      action: test.isBox ? TestPolicies.box : TestPolicies.discrete)
    var limits = test.limits
    limits.grace = min(limits.grace, 0.5)
    let policy = try TestPolicies.shell(test.script, manifest: manifest, limits: limits)
    for _ in 0..<test.decisions { _ = try policy.answer([0, 0]) }
    let refusal = try #require(policy.refusal([0, 0]))
    #expect(refusal.isFinal)
    for part in test.parts {
      #expect(refusal.reason.contains(part), "\(refusal.reason)")
    }
    #expect(refusal.reason.hasPrefix("sh -c ") && !refusal.reason.contains("\n"))
    #expect(policy.failure?.description == refusal.reason)
    // It stays so, and nothing is started again.
    #expect(policy.refusal([0, 0]) == refusal)
    #expect(throws: PolicyError.self) { try policy.policy.start() }
  }

  @Test func whatCannotBeStartedIsAFailure() throws {
    let manifest = try TestPolicies.manifest()
    let policy = AskedPolicy(
      try ExternalPolicy(["no-such-program-at-all"], manifest: manifest))
    #expect(policy.failure == nil)
    let refusal = try #require(policy.refusal([0, 0]))
    #expect(refusal.isFinal && refusal.reason.contains("there is no program"))
    #expect(policy.failure?.description == refusal.reason)
  }

  @Test func aFailedProcessIsGone() throws {
    let policy = try TestPolicies.shell(
      TestPolicies.ready + "read line; echo $$; sleep 600")
    let refusal = try #require(policy.refusal([0, 0]))
    let number = refusal.reason.split(separator: "'").dropFirst().compactMap { pid_t($0) }.first
    let process = try #require(number, "\(refusal.reason)")
    #expect(kill(process, 0) == -1 && errno == ESRCH)
  }
}
