import BacktestCore
import BacktestEvidence
import BacktestStudies

extension Command {
  /// `montecarlo`: a study in synthetic markets.
  static func monteCarlo(_ catalogue: StrategyCatalogue) -> Command {
    Command(
      "montecarlo", summary: "Run a study on synthetic markets resampled from its bars.",
      discussion: """
        Each market deals the bars again in blocks, all instruments by the same rows: the ratios \
        of open, high, low and close to the close before, and the volume. The tables show how each \
        metric is spread over the markets and where the actual run lies, and how deep the same \
        trades fall in other orders. The actual run is one over the bars that all instruments \
        have, in their own order, because the markets are made of them.

        Blocks keep clusters of volatility and break longer trends, so a strategy that follows \
        trends does worse here than it deserves. Results do not depend on the number of threads.
        """
    ) { parameters in
      let options = StudyJobOptions(&parameters)
      let asked = monteCarloRules(&parameters)
      return { context in
        var job = StudyJob(
          options: options, catalogue: catalogue, kind: .run, command: "montecarlo")
        job.monteCarlo = asked
        return try job.perform(in: context) { outcome, context in
          context.output.write(monteCarloTables(outcome, context.output.tableWidth))
        }
      }
    }
  }
}

private func monteCarloRules(_ parameters: inout ParameterReader) -> StudyRunner.MonteCarlo {
  var asked = StudyRunner.MonteCarlo()
  asked.markets = parameters.option(
    "markets", .integer("n", .atLeast(1)), default: asked.markets,
    help: "How many synthetic markets.")
  let block = parameters.optionalOption(
    "block", .integer("bars", .atLeast(1)),
    help: "The mean length of a block (default: the optimal one for absolute returns).")
  asked.scheme = block.map { .stationary(meanBlock: Double($0)) }
  let seed = parameters.optionalOption(
    "seed", .integer("n", .notNegative), help: "Deals the markets (default: the study's seed).")
  asked.seed = seed.map(UInt64.init)
  return asked
}

/// The spread of the main figures over the markets, and of the same trades in other orders.
private func monteCarloTables(_ outcome: StudyOutcome, _ width: Int?) -> String {
  guard let found = outcome.monteCarlo else { return "" }
  let currency = outcome.study.configuration.account.currency
  var table = TextTable([
    .left(""), .right("actual"), .right("5%"), .right("25%"), .right("median"), .right("75%"),
    .right("95%"), .right("markets below"),
  ])
  for name in Metrics.headlineNames {
    guard let metric = Metrics.find(name), let one = found.markets[name], !one.sorted.isEmpty
    else { continue }
    let format = metric.unit.format(currency: currency)
    table.add(
      [metric.title, format.text(one.actual)]
        + [0.05, 0.25, 0.5, 0.75, 0.95].map { format.text(one.quantile($0)) }
        + [NumberFormat.percent(decimals: 1).text(one.shareBelowActual)])
  }
  return "\nMonte Carlo: \(found.markets.text)\n\(table.text(in: width))"
    + tradeTable(found, width)
}

private func tradeTable(_ found: MonteCarloOutcome, _ width: Int?) -> String {
  guard let trades = found.trades else {
    return found.tradesAbsence.map { "\nTrades are not reshuffled: \($0)\n" } ?? ""
  }
  let format = NumberFormat.percent(decimals: 2)
  var table = TextTable([
    .left("max drawdown at exits"), .right("actual"), .right("5%"), .right("median"),
    .right("95%"), .right("as deep"),
  ])
  for (name, paths) in [
    ("trades in other orders", trades.permuted), ("trades drawn with replacement", trades.drawn),
  ] {
    table.add(
      [name, format.text(paths.actualDrawdown)]
        + [0.05, 0.5, 0.95].map { format.text(paths.drawdown($0)) }
        + [NumberFormat.percent(decimals: 1).text(paths.shareAsDeep)])
  }
  return "\n\(table.text(in: width))"
}
