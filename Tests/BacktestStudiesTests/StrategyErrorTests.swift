@testable import BacktestCore
@testable import BacktestEvidence
@testable import BacktestStudies
import TestSupport
import Strategies
import Testing

/// A strategy that cannot run on a universe says so before a bar is replayed.
struct StrategyErrorTests {
  private struct Idle: Strategy {
    mutating func onBars(_ bars: BarSlice, _ trading: inout TradingContext) {}
  }

  private struct NoFile: Error, CustomStringConvertible {
    var description: String { "there is no such file" }
  }

  private static let pair = StrategyDefinition(
    name: "pair", summary: "Trades two instruments.",
    parameters: [.integer("window", default: 5, in: 1...9, "Bars.")],
    make: { _, universe in
      guard universe.count == 2 else {
        throw StrategyError("it trades a pair, but the universe has \(universe.count)")
      }
      return Idle()
    })

  private static let message =
    "pair cannot run on this universe: it trades a pair, but the universe has 1"

  private static func universe(_ count: Int) throws -> Universe {
    var random = TestRandom(seed: 3)
    return try Universe(
      (0..<count).map { index in
        try RandomMarket.series("S\(index)", bars: 40, every: .days(1), &random)
      })
  }

  @Test func theDefinitionNamesTheStrategy() throws {
    let parameters = try Self.pair.parameters([:])
    let one = try Self.universe(1)
    #expect(try Self.pair.make(parameters, for: Self.universe(2)) is Idle)
    do throws(StrategyError) {
      _ = try Self.pair.make(parameters, for: one)
      Issue.record("half a pair was made")
    } catch {
      #expect(error.strategy == "pair" && error.description == Self.message)
    }
  }

  @Test func anyErrorOfTheFactoryIsOne() throws {
    let definition = StrategyDefinition(name: "loaded", summary: "Reads a file.") {
      (_, _) in throw NoFile()
    }
    let universe = try Self.universe(1)
    do throws(StrategyError) {
      _ = try definition.make(StrategyParameters(values: []), for: universe)
      Issue.record("a strategy without its file was made")
    } catch {
      #expect(error.strategy == "loaded" && error.reason == "there is no such file")
    }
  }

  @Test func walkForwardThrowsIt() throws {
    let walk = WalkForward(
      Self.pair, grid: ParameterGrid(["window": [2, 3]]), on: Feed(try Self.universe(1)),
      plan: WalkForwardPlan(train: .bars(10), test: .bars(5)))
    do throws(EvidenceError) {
      _ = try walk.run()
      Issue.record("half a pair walked forward")
    } catch {
      #expect(error.description == Self.message)
    }
  }

  @Test func aStudyNamesItsFile() throws {
    let study = try Study(
      path: Fixture.path("studies/demo.yaml"),
      overrides: [
        "data.files=[{path: ../prices/IBM.csv, symbol: IBM}]", "strategy={name: pair}",
        "walk-forward.grid={}",
      ], catalogue: .standard.adding([Self.pair]))
    for run in [
      { try StudyRunner.quick(study).run() }, { try StudyRunner.quick(study).walkForward() },
    ] {
      do {
        _ = try run()
        Issue.record("half a pair was run")
      } catch let error as StudyError {
        #expect(error.message(of: "demo.yaml").hasPrefix("demo.yaml: "))
        #expect(error.message(of: "demo.yaml").hasSuffix(Self.message))
      }
    }
  }
}
