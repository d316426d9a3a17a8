@testable import BacktestKit
import Foundation
import Testing

/// Studies with a trained policy, as a user runs them.
struct PolicyStudyTests {
  /// A study of the policy `ppo_discrete` from 2012 on, with the policy's files beside it.
  private static func folder(
    _ more: String = "", strategy: String = "policy: ppo"
  ) throws -> WorkFolder {
    let folder = try WorkFolder()
    let policy = CommandFixture.path("policies/ppo_discrete")
    for name in ["manifest.json", "norm.json", "model.safetensors", "model.zip"] {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(policy)/\(name)"))
      try folder.write([UInt8](bytes), to: "ppo/\(name)")
    }
    let prices = CommandFixture.path("prices/sp500.csv")
    try folder.write(
      """
      name: A policy
      data:
        calendar: XNYS
        from: 2012-01-01
        files: [{path: \(prices), symbol: SPX, asset-class: index, lot: fractional}]
      account: {cash: 100000, leverage: 2}
      execution: {commission: {basis-points: 5}}
      strategy: {\(strategy)}
      \(more)

      """, to: "study.yaml")
    return folder
  }

  private static let windows = "train: 504, test: 252"

  /// Weights in which the bias of one action is raised.
  private static func weights(_ folder: WorkFolder, favouring action: Int) throws -> [UInt8] {
    var bytes = try folder.bytes("ppo/model.safetensors")
    let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONSerialization.jsonObject(with: Data(bytes[8..<(8 + length)]))
    let tensor = (header as? [String: Any])?["action_net.bias"] as? [String: Any]
    let start = try #require((tensor?["data_offsets"] as? [Int])?.first)
    // Of a little-endian number between -1 and 1 this makes one of 2 or more.
    bytes[8 + length + start + 4 * action + 3] = 0x40
    return bytes
  }

  private func run(_ folder: WorkFolder, _ words: String...) throws -> BuiltProgram.Ended {
    try BuiltProgram.run(words, in: folder)
  }

  @Test(arguments: ["run", "walkforward"]) func aPolicyRunsAndRunsAgain(_ command: String) throws {
    let folder = try Self.folder("walk-forward: {\(Self.windows)}")
    let ended = try run(folder, command, "study.yaml", "--out", "out")
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    #expect(ended.output.contains("ppo_discrete on SPX"))
    #expect(ended.output.contains("No edge shown: annual return"))
    let record = try ResultRecord(path: folder.path + "/out/result.json")
    #expect(record.strategy == "ppo_discrete" && record.counts.fills > 10)
    #expect(record.caveats.first?.code == "unknown-training")
    let text = try folder.text("out/result.json")
    #expect(text.contains("\"path\": \"ppo\"") && !text.contains("\"path\": \"\(folder.path)"))
    let page = try folder.text("out/report.html")
    #expect(page.contains("No edge shown") && page.contains("Golden decisions"))
    let again = try run(folder, command, "out/result.json", "--expect", record.fingerprint)
    #expect(again.status == 0 && again.output.contains("Reproduced"), "\(again)")
  }

  @Test func whatIsWrongWithAPolicyIsOneLine() throws {
    let folder = try Self.folder()
    func refusal(_ policy: String) throws -> String {
      let ended = try run(folder, "run", "study.yaml", "--set", "strategy.policy=\(policy)")
      #expect(ended.status == 2 && ended.output == "", "\(ended)")
      #expect(ended.errors.split(separator: "\n").count == 1, "\(ended.errors)")
      return ended.errors
    }
    #expect(try refusal("nowhere").contains("nowhere: there is no such folder or manifest"))
    #expect(try refusal("ppo/model.zip").contains("`policy import ppo/model.zip --out DIR`"))
    // What the grid names cannot be known without the policy.
    let grid = "walk-forward={train: 100, test: 50, grid: {fast: [5, 10]}}"
    let ended = try run(
      folder, "walkforward", "study.yaml", "--set", "strategy.policy=nowhere", "--set", grid)
    #expect(ended.errors.split(separator: "\n").count == 1, "\(ended.errors)")
    let stocks = CommandFixture.path("policies/ppo_portfolio4")
    #expect(try refusal(stocks).contains("which is not in the universe"))
    var weights = try folder.bytes("ppo/model.zip")
    weights[weights.count / 2] ^= 1
    try folder.write(weights, to: "ppo/model.zip")
    #expect(try refusal("ppo").contains("is not the file of the manifest: its SHA-256 is"))
    try folder.write("{\"format\": \"backtestkit.policy/1\"}", to: "ppo/manifest.json")
    let broken = try run(folder, "run", "study.yaml")
    #expect(broken.status == 2 && broken.errors.contains("ppo/manifest.json:1:"))
    #expect(!folder.exists("Reports"))
  }

  /// A training is run once for each fold, and not again.
  @Test func foldsAreTrainedOnce() throws {
    let folder = try Self.folder(
      "walk-forward: {\(Self.windows), "
        + "retrain: 'sh train.sh {train_start} {train_end} {checkpoint}'}")
    try folder.write("echo $1 $2 >> calls; cp ppo/model.zip $3\n", to: "train.sh")
    let first = try run(folder, "walkforward", "study.yaml", "--out", "out")
    #expect(first.status == 0, "\(first)")
    let record = try ResultRecord(path: folder.path + "/out/result.json")
    let folds = try folder.text("out/folds.csv").split(separator: "\n").dropFirst()
    let calls = try folder.text("calls").split(separator: "\n")
    #expect(calls.count == folds.count && folds.count > 3)
    for (call, fold) in zip(calls, folds) {
      let fields = fold.split(separator: ",")
      #expect(call == "\(fields[1]) \(fields[2])")
      #expect(fields[fields.count - 2].hasPrefix(".checkpoints/"))
    }
    #expect(record.caveats.contains { $0.message.contains("the training command received") })
    let second = try run(folder, "walkforward", "study.yaml", "--expect", record.fingerprint)
    #expect(second.status == 0, "\(second)")
    #expect(try folder.text("calls").split(separator: "\n").count == folds.count)
  }

  @Test func aTrainingThatFailsIsOneClearError() throws {
    let folder = try Self.folder(
      "walk-forward: {\(Self.windows), retrain: 'sh train.sh {fold} {checkpoint}'}")
    try folder.write(
      "if [ $1 = 1 ]; then echo loading; echo no data >&2; exit 7; fi; cp ppo/model.zip $2\n",
      to: "train.sh")
    let ended = try run(folder, "walkforward", "study.yaml", "--out", "out")
    #expect(ended.status == 2 && ended.errors.contains("fold 1, tested from "), "\(ended)")
    #expect(ended.errors.contains("exit status 7") && ended.errors.contains("no data"))
    #expect(!folder.exists("out"))
  }

  /// A program decides in the run and in each fold, one after the other.
  @Test(arguments: ["run", "walkforward"]) func aProgramDecides(_ command: String) throws {
    let folder = try Self.folder(
      "walk-forward: {\(Self.windows)}", strategy: "command: [sh, decide.sh], manifest: ppo")
    let script = """
      read greeting; echo '{"ready":true}'; n=0
      while read line; do n=$((n+1)); echo "{\\"id\\":$n,\\"action\\":$((n / 9 % 3))}"; done

      """
    try folder.write(script, to: "decide.sh")
    let ended = try run(folder, command, "study.yaml", "--out", "out")
    #expect(ended.status == 0 && ended.errors == "", "\(ended)")
    #expect(try ResultRecord(path: folder.path + "/out/result.json").counts.fills > 20)
    try folder.write(
      script.replacing("read line", with: "[ $n -lt 30 ] && read line"), to: "decide.sh")
    let broken = try run(folder, command, "study.yaml", "--out", "broken")
    #expect(broken.status == 2 && broken.errors.contains("study.yaml: policy: "), "\(broken)")
    #expect(!folder.exists("broken"))
  }

  /// Nothing that the bars show says whether such a program reads later prices elsewhere.
  @Test func aGateDoesNotTrustAProgramThatIgnoresBars() throws {
    let folder = try Self.folder("", strategy: "command: [sh, decide.sh], manifest: ppo")
    try folder.write(
      """
      read greeting; echo '{"ready":true}'; n=0
      while read line; do
        n=$((n+1)); day=${line#*\\"time\\":\\"????-??-?}
        echo "{\\"id\\":$n,\\"action\\":$((${day%%T*} % 3))}"
      done

      """, to: "decide.sh")
    try folder.write("lookahead: none\n", to: "gate.yaml")
    let ended = try run(folder, "gate", "study.yaml", "--rules", "gate.yaml", "--store", "none")
    #expect(ended.status == 1, "\(ended)")
    #expect(ended.output.contains("a program in another process can read later prices"))
  }

  @Test func seedsAreReportedAsADistribution() throws {
    let folder = try Self.folder(
      """
      walk-forward: {\(Self.windows), checkpoints: 'seeds/{seed}.safetensors'}
      replicates: {seeds: [3, 1, 2]}
      """)
    for seed in 1...3 {
      try folder.write(
        try Self.weights(folder, favouring: seed - 1), to: "seeds/\(seed).safetensors")
    }
    let ended = try run(folder, "walkforward", "study.yaml", "--out", "out")
    #expect(ended.status == 0 && ended.output.contains("3 replicates, sharpe median"), "\(ended)")
    let data = Data(try folder.bytes("out/result.json"))
    let record = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    let replicates = try #require(record?["replicates"] as? [String: Any])
    let members = try #require(replicates["members"] as? [[String: Any]])
    #expect(members.map { $0["name"] as? String } == ["seed 3", "seed 1", "seed 2"])
    let sharpes = members.compactMap { ($0["metrics"] as? [String: Double])?["sharpe"] }
    let shown = try #require(replicates["shown"] as? Int)
    // Holding cash may have no Sharpe ratio at all, which ranks last.
    let worstFirst = members.indices.sorted { a, b in
      func value(_ index: Int) -> Double {
        (members[index]["metrics"] as? [String: Double])?["sharpe"] ?? -.infinity
      }
      return value(a) < value(b)
    }
    #expect(shown == worstFirst[1] && !sharpes.isEmpty)
    #expect(try folder.text("out/report.html").contains("Spread over replicates"))
  }
}
