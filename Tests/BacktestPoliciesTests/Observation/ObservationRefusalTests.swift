@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestPolicies
import TestSupport
import Testing

/// Definitions that do not fit together.
@Suite struct ObservationRefusalTests {
  private func problem(
    _ definition: ObservationDefinition, symbols: [String] = ["AAPL", "MSFT"]
  ) -> String {
    do throws(PolicyError) {
      _ = try ObservationBuilder(
        definition, instruments: symbols.indices.map { InstrumentID($0) }, symbols: symbols)
      return ""
    } catch {
      return error.description
    }
  }

  @Test func aShapeThatTheFeaturesDoNotFill() {
    var definition = ObservationDefinition(
      shape: [5],
      features: [.market(MarketFeature(.close)), .market(MarketFeature(.logReturn))])
    #expect(problem(definition).contains("[5] is 5 numbers, but 2 features over 2 assets in a"))
    definition.shape = [12]
    definition.window = 3
    #expect(problem(definition).isEmpty)
    definition.shape = [3, 4]
    #expect(problem(definition).isEmpty)
    definition.shape = [4, 3]
    #expect(problem(definition).contains("over 2 assets in a window of 3 make [3, 4];"))
    definition.layout = .matrix
    definition.shape = [3, 2, 2]
    #expect(problem(definition).isEmpty)
    definition.window = 1
    definition.shape = [2, 2]
    #expect(problem(definition).isEmpty)
  }

  private func indicator(
    _ name: String, output: String? = nil, period: Int = 14, lag: Int = 0, asset: String? = nil
  ) -> ObservationDefinition {
    var feature = MarketFeature(.indicator, period: period, lag: lag)
    feature.indicator = MarketFeature.IndicatorChoice(name, output: output)
    feature.asset = asset
    return ObservationDefinition(shape: [1], features: [.market(feature)])
  }

  @Test func anAssetThatThereIsNot() {
    let misspelt = problem(indicator("rsi", asset: "APPL"))
    #expect(misspelt.contains("did you mean 'AAPL'?"))
    let other = problem(indicator("rsi", asset: "XOM"))
    #expect(other.contains("its assets are AAPL, MSFT"))
    #expect(problem(indicator("rsi", asset: "MSFT")).isEmpty)
  }

  @Test func anIndicatorThatThereIsNot() {
    func of(_ definition: ObservationDefinition) -> String {
      problem(definition, symbols: ["AAPL"])
    }
    let cases = [
      (of(indicator("rsy")), "did you mean 'rsi'?"),
      (of(indicator("vortex")), "known are rsi, roc, trix, atr, natr and 19 more"),
      (of(indicator("rsi", output: "up")), "one output"),
      (of(indicator("bollinger", output: "top")), "it has upper, middle, lower"),
      (of(indicator("rsi", period: 0)), "at least 1, not 0"),
      (of(indicator("rsi", lag: -1)), "below 0"),
      (of(indicator("rsi", lag: 100_000_000)), "would keep more"),
    ]
    for (message, part) in cases { #expect(message.contains(part), "\(message)") }
  }

  @Test func aCovarianceOutsideItsLayout() {
    let covariance = ObservationDefinition(
      shape: [4], features: [.market(MarketFeature(.covariance))])
    #expect(problem(covariance).contains("needs the layout 'matrix'"))
    var withCash = ObservationDefinition(
      shape: [3, 2],
      features: [.market(MarketFeature(.covariance)), .state(StateFeature(.cash))])
    withCash.layout = .matrix
    #expect(problem(withCash).contains("none can be of one asset or of the account"))
    #expect(problem(covariance, symbols: []).contains("at least one instrument"))
  }

  /// A manifest's line about an indicator, and a part of the message that it must cause.
  @Test(arguments: [
    ("{\"indicator\": \"rsi\", \"period\": 30}", ""),
    ("{\"indicator\": \"obv\"}", ""),
    ("{\"indicator\": \"macd\", \"fast\": 5, \"slow\": 9, \"output\": \"hist\"}", ""),
    ("{\"indicator\": \"obv\", \"period\": 3}", "period"),
    ("{\"indicator\": \"bolinger\"}", "did you mean 'bollinger'?"),
    ("{\"indicator\": \"bollinger\", \"output\": \"top\"}", "upper, middle or lower"),
    ("{\"indicator\": \"rsi\", \"output\": \"up\"}", "has one output"),
  ])
  func aManifestNamesIndicators(_ line: String, _ message: String) throws {
    let text = try Fixture.text("policies/conventions/gym_anytrading/manifest.json")
      .replacing("{\"name\": \"difference\"}", with: line)
    let document = try JSONReader.read(Array(text.utf8), name: "manifest.json")
    do throws(DocumentError) {
      let manifest = try PolicyManifest(document: document, folder: ".")
      #expect(message.isEmpty)
      #expect(problem(manifest.observation, symbols: ["AAPL"]).isEmpty)
    } catch {
      #expect(!message.isEmpty && "\(error)".contains(message), "\(error)")
    }
  }
}
