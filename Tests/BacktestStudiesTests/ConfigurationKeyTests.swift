@testable import BacktestCore
@testable import BacktestFiles
@testable import BacktestStudies
import Testing

/// What the definitions of keys and cost models say of a configuration.
struct ConfigurationKeyTests {
  private struct OpenSpread: SlippageModel {
    func fraction(for trade: ProspectiveTrade) -> Double { 0.0005 }
    func description(in currency: String) -> CostDescription {
      CostDescription(
        model: "open-spread", values: ["points": 5], sentence: "5 basis points at the open.")
    }
  }

  private struct FlatFee: CommissionModel {
    func total(for order: OrderProgress) -> Double { 1 }
  }

  private static func setting(
    _ key: String, _ configuration: BacktestConfiguration
  ) -> String? {
    configuration.settings.first { $0.key == key }?.value
  }

  private static func assumption(
    _ label: String, _ configuration: BacktestConfiguration
  ) -> String? {
    configuration.assumptions.first { $0.label == label }?.text
  }

  @Test func defaultsAreListedWithWhatHoldsWithoutAValue() {
    let configuration = BacktestConfiguration()
    #expect(Self.setting("execution.participation", configuration) == "unlimited")
    #expect(Self.setting("account.leverage", configuration) == "none: a cash account")
    #expect(Self.setting("execution.latency", configuration) == "0s")
    #expect(Self.setting("execution.gap-improvement", configuration) == "true")
    #expect(Self.setting("execution.through-ticks", configuration) == nil)
    #expect(Self.setting("account.accounting.fee", configuration) == nil)
    #expect(Self.assumption("Commission", configuration) == "None.")
    #expect(Self.assumption("Accounting", configuration) == nil)
    #expect(
      Self.assumption("Gaps", configuration)
        == "A limit order fills at the open where the open is better than its limit.")
  }

  @Test func valuesInEffectAreStated() {
    var configuration = BacktestConfiguration()
    configuration.account = AccountRules(currency: "EUR", funding: .margin(leverage: 2.5))
    configuration.execution.limitFill = .through(ticks: 2)
    configuration.execution.participation = 0.125
    configuration.execution.latency = .milliseconds(1_500)
    configuration.execution.commission = PerShareCommission(perShare: 0.005, minimumPerOrder: 1)
    #expect(Self.setting("execution.limit-fill", configuration) == "through")
    #expect(Self.setting("execution.through-ticks", configuration) == "2")
    #expect(Self.setting("execution.latency", configuration) == "1500ms")
    #expect(Self.setting("account.funding", configuration) == "margin")
    #expect(Self.setting("execution.commission.per-share", configuration) == "0.005")
    #expect(Self.assumption("Capital", configuration) == "1,000,000 EUR")
    #expect(
      Self.assumption("Funding", configuration) == "Long and short exposure up to 2.5 x equity.")
    #expect(
      Self.assumption("Limit orders", configuration)?.contains("goes 2 ticks beyond") == true)
    #expect(Self.assumption("Liquidity", configuration)?.hasPrefix("At most 12.5% of") == true)
    #expect(Self.assumption("Latency", configuration) == "An order is live after 1,500 ms.")
    #expect(
      Self.assumption("Commission", configuration)
        == "0.005 EUR per unit, at least 1 EUR per order.")
  }

  @Test func weightsAccountingSaysNothingOfOrders() {
    var configuration = BacktestConfiguration()
    configuration.accounting = .weights(fee: 0.0005, initialWeights: [0.25, 0.5])
    #expect(Self.assumption("Market orders", configuration) == nil)
    #expect(
      Self.assumption("Fee", configuration) == "5 basis points of the equity that changes hands.")
    #expect(Self.assumption("Initial weights", configuration)?.hasPrefix("0.25, 0.5;") == true)
    #expect(Self.setting("account.accounting.initial-weights", configuration) == "[0.25, 0.5]")
    #expect(Self.setting("execution.fill", configuration) == nil)
    // Nothing is bought or borrowed, and no row is empty.
    #expect(Self.setting("account.funding", configuration) == nil)
    #expect(Self.setting("account.leverage", configuration) == nil)
    #expect(configuration.settings.allSatisfy { !$0.value.isEmpty })
  }

  @Test func aModelOfOnesOwnDescribesItself() {
    var configuration = BacktestConfiguration()
    configuration.execution.slippage = OpenSpread()
    configuration.execution.commission = FlatFee()
    #expect(Self.setting("execution.slippage", configuration) == "open-spread")
    #expect(Self.setting("execution.slippage.points", configuration) == "5")
    #expect(Self.setting("execution.commission", configuration) == "FlatFee")
    #expect(
      Self.assumption("Slippage", configuration)?.hasPrefix("5 basis points at the open.") == true)
    #expect(
      Self.assumption("Commission", configuration) == "FlatFee, a model defined in code.")
    guard case .table(let members) = StudyTable.execution.json(configuration) else {
      Issue.record("the rules of execution are no table")
      return
    }
    let costs = members.suffix(2).map(\.value)
    #expect(costs == [["model": "open-spread", "points": 5.0], ["model": "FlatFee"]])
  }

  /// A model's numbers under its names make the model again.
  @Test func definitionsAndDescriptionsAgree() {
    check(CostModelDefinition.slippage)
    check(CostModelDefinition.commission)
    check(CostModelDefinition.taxes)
    func check<Model>(_ definitions: [CostModelDefinition<Model>]) {
      for definition in definitions {
        let numbers = definition.keys.map { key in
          key.name == "tiers-from" ? [0, 3] : key.isList ? [3.0, 3] : [3]
        }
        let model = definition.make(CostNumbers(numbers))
        guard let description = (model as? any CostModel)?.description(in: "USD") else {
          Issue.record("\(definition.keys[0].name) makes no model")
          continue
        }
        #expect(description.model == definition.keys[0].name)
        #expect(description.values.map(\.name) == definition.keys.map(\.name))
        #expect(description.values.map(\.numbers) == numbers)
        #expect(description.values.map(\.isList) == definition.keys.map(\.isList))
      }
    }
  }

  /// What a key prints is what it reads.
  @Test func everyKeyTakesItsOwnValueBack() {
    var configuration = BacktestConfiguration()
    configuration.account.funding = .margin(leverage: 3)
    configuration.execution.limitFill = .through(ticks: 4)
    configuration.execution.participation = 0.5
    configuration.execution.latency = .seconds(90)
    configuration.warmup = 12
    let keys =
      AccountKeys.all + ExecutionKeys.all + [RunKeys.decide, RunKeys.warmup, RunKeys.riskFree]
    var copy = BacktestConfiguration()
    for key in keys { if let value = key.value(configuration) { key.assign(&copy, value) } }
    for key in keys { #expect(key.value(copy) == key.value(configuration), "\(key.name)") }
    #expect(TimeSpan.zero.shortText == "0s" && TimeSpan.seconds(90).shortText == "90s")
    #expect(TimeSpan.minutes(120).shortText == "2h" && TimeSpan.minutes(3).shortText == "3m")
  }
}
