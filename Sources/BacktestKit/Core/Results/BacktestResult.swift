/// The exact history of a run: what was ordered, what traded, what the account was worth.
public struct BacktestResult: Sendable {
  /// The name of the strategy.
  public var strategy: String
  /// The rules of the run.
  public var configuration: BacktestConfiguration
  /// The instruments and their series.
  public var universe: Universe
  /// Equity at the base point and at each instant after it.
  public var curve: EquityCurve
  /// Every order in order of submission, with the quantity asked for.
  public var orders: [Order]
  /// What became of the orders, in order of time.
  public var outcomes: [OrderOutcome] { tables.outcomes }
  /// Each order's whole life: submitted, accepted, triggered, modified, filled in part, ended; in
  /// order of submission, each order's steps in order of time.
  public var orderEvents: [OrderEvent] { tables.orderEvents }
  /// Every fill in order of time.
  public var fills: [Fill]
  /// Round trips in order of exit, those still open at the end last and marked.
  public var trades: [RoundTrip] { tables.trades }
  /// Every movement of cash.
  public var ledger: [LedgerEntry] { tables.ledger }
  /// The strategy's remarks.
  public var notes: [StrategyNote]
  /// What the strategy expected, in the order in which it was written down.
  public var forecasts: [StrategyForecast]
  /// What trained policies wanted, in the order in which they decided; empty for strategies that
  /// are programs.
  public var decisions: [DecisionRecord]
  /// The account at the end.
  public var account: Account
  /// What happened how often.
  public var counts: RunCounts
  /// The rate and the cost at which the money of each fill was converted; empty where all
  /// instruments are in the account's currency.
  public package(set) var conversions: [FillConversion] = []
  /// When equity was below maintenance, in order of time.
  public package(set) var marginCalls: [MarginCall] = []
  /// What happened to shares, in order of time, held or not.
  public package(set) var actions: [AppliedAction] = []
  /// How often policies were asked and did not decide, policy by policy.
  package var decisionTallies: [DecisionTally] = []
  /// Each time that a limit of ``BacktestConfiguration/risk`` was met, in order of time.
  public var riskBreaches: [RiskBreach] = []
  /// When equity was gone; `nil` in a run that kept some.
  public var ruinedAt: Timestamp?
  /// When equity grew beyond the largest number; `nil` in a run that stayed finite. Positions were
  /// closed at the prices before, and equity is constant from then on.
  public var overflowedAt: Timestamp?

  /// The tables that follow from what the run wrote down.
  package var tables: RunTables

  package init(
    strategy: String, configuration: BacktestConfiguration, universe: Universe, curve: EquityCurve,
    orders: [Order], fills: [Fill], notes: [StrategyNote],
    forecasts: [StrategyForecast], decisions: [DecisionRecord], account: Account, counts: RunCounts,
    decisionTallies: [DecisionTally] = [], riskBreaches: [RiskBreach] = [],
    ruinedAt: Timestamp? = nil, overflowedAt: Timestamp? = nil, tables: RunTables
  ) {
    self.strategy = strategy
    self.configuration = configuration
    self.universe = universe
    self.curve = curve
    self.orders = orders
    self.fills = fills
    self.notes = notes
    self.forecasts = forecasts
    self.decisions = decisions
    self.account = account
    self.counts = counts
    self.decisionTallies = decisionTallies
    self.riskBreaches = riskBreaches
    self.ruinedAt = ruinedAt
    self.overflowedAt = overflowedAt
    self.tables = tables
  }
}

/// What a run did, in 128 bits: two runs with the same fingerprint traded the same at the same
/// prices and were worth the same at every point.
///
///     print(result.fingerprint)   // 32 hexadecimal digits
public struct RunFingerprint: Hashable, Sendable, BitwiseCopyable {
  /// The digest.
  package var digest: ContentDigest.Value

  /// A fingerprint from its digest.
  package init(digest: ContentDigest.Value) { self.digest = digest }
}

extension RunFingerprint: CustomStringConvertible, LosslessStringConvertible {
  /// 32 hexadecimal digits.
  public var description: String { digest.hexadecimal }

  /// Reads what `description` writes, in upper or lower case; other text gives `nil`.
  public init?(_ text: String) {
    let digits = Array(text.utf8)
    let isHexadecimal = text.utf8.count == 32 && text.allSatisfy { $0.isASCII && $0.isHexDigit }
    guard isHexadecimal,
      let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
      let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
    else { return nil }
    self.init(digest: ContentDigest.Value(high: high, low: low))
  }
}

extension BacktestResult {
  /// The fingerprint of fills and equity.
  ///
  /// It digests one stream of bytes, all numbers as 64-bit little-endian words and floating-point
  /// numbers by their bits: the number of fills; for each fill the length of its instrument's
  /// symbol and the symbol in UTF-8, then time, quantity, price, commission, slippage and, where
  /// one was paid, tax; the number of equity points; for each point its time and equity. Nothing in
  /// it depends on the order in which series were given, on the strategy's name or on the machine.
  /// - Complexity: O(fills + points).
  public var fingerprint: RunFingerprint {
    var stream = CanonicalStream()
    let symbols = universe.series.map { Array($0.instrument.symbol.utf8) }
    stream.append(UInt64(fills.count))
    for fill in fills {
      let symbol = symbols[Int(fill.instrument.index)]
      stream.append(UInt64(symbol.count))
      stream.append(symbol)
      stream.append(UInt64(bitPattern: fill.time.nanoseconds))
      stream.append(fill.quantity.bitPattern)
      stream.append(fill.price.bitPattern)
      stream.append(fill.commission.bitPattern)
      stream.append(fill.slippage.bitPattern)
      if fill.tax != 0 { stream.append(fill.tax.bitPattern) }
    }
    stream.append(UInt64(curve.equity.count))
    for row in curve.equity.indices {
      stream.append(UInt64(bitPattern: curve.times[row].nanoseconds))
      stream.append(curve.equity[row].bitPattern)
    }
    return RunFingerprint(digest: stream.finish())
  }
}

/// Bytes on their way into a digest, handed over in blocks.
private struct CanonicalStream {
  private var digest = ContentDigest()
  private var block: [UInt8] = []
  private static let blockSize = 1 << 14

  init() { block.reserveCapacity(Self.blockSize + 64) }

  mutating func append(_ word: UInt64) {
    withUnsafeBytes(of: word.littleEndian) { block.append(contentsOf: $0) }
    if block.count >= Self.blockSize { flush() }
  }

  mutating func append(_ bytes: [UInt8]) { block.append(contentsOf: bytes) }

  mutating func finish() -> ContentDigest.Value {
    flush()
    return digest.value
  }

  private mutating func flush() {
    block.withUnsafeBytes { digest.update($0) }
    block.removeAll(keepingCapacity: true)
  }
}
