import BacktestCore
import BacktestFiles

/// The messages between this process and that of an external policy, one line of JSON each.
enum PolicyMessage {
  /// The name and version of the protocol.
  static let protocolName = "backtestkit.policy-process/1"

  /// What is wrong with a line.
  struct Problem: Error {
    var text: String
    init(_ text: String) { self.text = text }

    /// The first problem of a document, without its place, because messages are short.
    init(_ error: DocumentError) { text = error.problems[0].message }
  }

  /// The first message to a process: what it will observe and what it must answer.
  static func greeting(_ manifest: PolicyManifest) -> [UInt8] {
    var members = [
      JSONMember(key: "protocol", value: .text(protocolName)),
      JSONMember(key: "name", value: .text(manifest.name)),
      JSONMember(
        key: "observation",
        value: [
          "shape": .list(manifest.observation.shape.map { .integer($0) }), "dtype": "float32",
        ]),
    ]
    if let action = manifest.action {
      members.append(JSONMember(key: "action", value: description(action)))
    }
    return JSONWriter.line(of: .table(members))
  }

  private static func description(_ action: ActionDefinition) -> JSONValue {
    var members = [JSONMember(key: "kind", value: .text(action.kind.rawValue))]
    if action.kind == .multiDiscrete {
      let sizes = JSONValue.list(action.sizes.map { .integer($0) })
      members.append(JSONMember(key: "sizes", value: sizes))
    } else {
      members.append(JSONMember(key: "size", value: .integer(action.sizes[0])))
    }
    if action.kind == .box {
      members.append(JSONMember(key: "low", value: .list(action.low.map { .number($0) })))
      members.append(JSONMember(key: "high", value: .list(action.high.map { .number($0) })))
    }
    if !action.assets.isEmpty {
      members.append(JSONMember(key: "assets", value: .list(action.assets.map { .text($0) })))
    }
    return .table(members)
  }

  /// An observation; each number is the shortest decimal that reads back as the same 32 bits.
  static func request(
    _ number: Int, observation: [Double], at time: Timestamp?, startsEpisode: Bool
  ) -> [UInt8] {
    let moment = time.map { "\"time\":\"\($0)\"," } ?? ""
    var line = Array(
      "{\"id\":\(number),\"episode_start\":\(startsEpisode),\(moment)\"observation\":[".utf8)
    for (index, value) in observation.enumerated() {
      if index > 0 { line.append(0x2C) }
      line += Float(value).description.utf8
    }
    line += "]}\n".utf8
    return line
  }

  /// Reads the answer to the greeting.
  static func checkReady(_ line: [UInt8]) throws(Problem) {
    let (isReady, refusal) = try decode(line) { table in
      _ = table.optional("name", .text)
      _ = table.node("info")
      let refusal = table.optional("refuse", .text)
      return (table.value("ready", .flag, default: refusal == nil), refusal)
    }
    if let refusal {
      throw Problem("it refuses this job: \(quotedForMessage(refusal, limit: 200))")
    }
    if !isReady { throw Problem("it is not ready; 'ready' must be true") }
  }

  static func decode<Value>(
    _ line: [UInt8], _ decode: (inout DocumentTable) -> Value
  ) throws(Problem) -> Value {
    do throws(DocumentError) {
      let document = try DocumentReader.read(line, name: "answer", format: .json)
      guard document.kind == .table else {
        throw DocumentError(at: document.place, "an answer is a JSON object, \(example)")
      }
      return try document.decode(decode)
    } catch {
      // A line that is not JSON was probably meant for people.
      let isForeign = line.first { $0 > 0x20 } != 0x7B
      guard isForeign else { throw Problem(error) }
      throw Problem(
        "this is not an answer; only answers such as \(example) belong on standard output, and all "
          + "else on standard error")
    }
  }

  private static let example = #"{"id":1,"action":2}"#
}

/// The answer of a process.
struct PolicyAnswer: Sendable {
  var action: [Double] = []
  var outputs: [Double] = []
  var prediction = PolicyPrediction()
  /// Why it does not decide; `nil` where it decides.
  var refusal: String?

  /// Reads an answer and checks it against the manifest.
  init(line: [UInt8], number: Int, manifest: PolicyManifest) throws(PolicyMessage.Problem) {
    let (id, answer) = try PolicyMessage.decode(line) { table in
      (table.value("id", .integer()), PolicyAnswer(&table))
    }
    guard id == number else {
      throw PolicyMessage.Problem("its 'id' is \(id) where \(number) was asked")
    }
    self = answer
    guard refusal == nil else { return }
    if let definition = manifest.action {
      try checkAction(definition)
    } else {
      guard action.isEmpty else {
        throw PolicyMessage.Problem("it holds an 'action', but its manifest describes a predictor")
      }
      guard !outputs.isEmpty || prediction != PolicyPrediction() else {
        throw PolicyMessage.Problem(
          "it predicts nothing; a predictor answers with 'outputs', 'signal', 'probability_up' or "
            + "'expected_return'")
      }
    }
  }

  private init(_ table: inout DocumentTable) {
    // It reaches terminals and reports.
    refusal = table.optional("refuse", .text).map { printable($0, limit: 300) }
    action = table.optionalList("action", of: .number()) ?? []
    outputs = table.optionalList("outputs", of: .number()) ?? []
    prediction.signal = table.optional("signal", .number())
    prediction.probabilityUp = table.optional("probability_up", .number(.fraction))
    prediction.expectedReturn = table.optional("expected_return", .number())
    prediction.deviation = table.optional("deviation", .number(.notNegative))
    // Remarks that are not read.
    _ = table.node("info")
    if refusal != nil, !action.isEmpty {
      table.report("an answer holds an 'action' or a 'refuse', not both", at: "refuse")
    }
  }

  private mutating func checkAction(_ definition: ActionDefinition) throws(PolicyMessage.Problem) {
    let count = definition.componentCount
    guard action.count == count else {
      let found = action.isEmpty ? "no 'action'" : "an 'action' of \(action.count)"
      throw PolicyMessage.Problem(
        "it holds \(found) where \(count) number\(count == 1 ? " is" : "s are") expected")
    }
    for index in action.indices {
      let place = count == 1 ? "its action" : "number \(index + 1) of its action"
      if definition.kind == .box {
        let (low, high) = (definition.low[index], definition.high[index])
        // Bounds and actions may both have been rounded to 32 bits.
        let slack = 1e-6 * max(1, abs(low), abs(high))
        guard (low - slack...high + slack).contains(action[index]) else {
          throw PolicyMessage.Problem("\(place) is \(action[index]), outside of \(low)...\(high)")
        }
        action[index] = min(max(action[index], low), high)
      } else {
        let size = definition.sizes[index]
        guard let choice = Int(exactly: action[index]), (0..<size).contains(choice) else {
          let found = Int(exactly: action[index]).map(String.init) ?? "\(action[index])"
          throw PolicyMessage.Problem(
            "\(place) is \(found), not a whole number from 0 to \(size - 1)")
        }
      }
    }
  }
}
