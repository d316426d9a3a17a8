import BacktestCore
@testable import BacktestPolicies
import TestSupport
import Testing

/// A process in a market is told when each observation was made.
struct ExternalPolicyTimeTests {
  @Test func observationsCarryTheirClose() throws {
    let folder = try ScratchFolder()
    let shared = try TestPolicies.shell(
      "tee \(folder.path)/lines | { " + TestPolicies.ready + """
        read line; echo '{"id":1,"signal":1}'; read line; echo '{"id":2,"signal":1}'; }
        """,
      manifest: try .scripted(output: "{\"kind\": \"regression\", \"unit\": \"log_return\"}"))
    let series = try PolicyStrategyTests.market([100, 101])
    let universe = try Universe([series])
    let strategy = try PolicyStrategy(
      shared.policy, manifest: shared.policy.manifest, universe: universe)
    var configuration = BacktestConfiguration()
    configuration.account.funding = .margin(leverage: 2)
    let result = Backtest(strategy, on: universe, configuration: configuration).run()
    shared.policy.stop()
    #expect(result.forecasts.count == 2)
    let lines = folder.text("lines")?.split(separator: "\n").dropFirst() ?? []
    for (line, close) in zip(lines, series.closeTimes) {
      #expect(line.contains("\"time\":\"\(close)\","), "\(line)")
    }
    #expect(lines.count == 2)
  }
}
