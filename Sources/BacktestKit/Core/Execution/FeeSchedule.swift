/// What a broker, an exchange or a state charges, under a name and with its source.
///
///     let schedule = FeeSchedule.named("ibkr-us-tiered")!
///     schedule.apply(to: &configuration.execution)
///
/// Fees change: each schedule is what its source said on a day, and a report says both. Slippage is
/// no part of it.
public struct FeeSchedule: Sendable {
  /// The name in studies.
  public let name: String
  /// What it is.
  public let title: String
  /// Where it was published.
  public let source: String
  /// The day of which it is, `YYYY-MM-DD`.
  public let date: String
  /// The currency of its amounts, ISO 4217, which the account has to have; `nil` where all it
  /// charges are shares of the traded money.
  public let currency: String?
  /// What the broker charges; `nil` for a schedule of taxes alone.
  public let commission: (any CommissionModel)?
  /// What is taxed.
  public let taxes: [any TransactionTax]

  private init(
    _ name: String, _ title: String, source: String, date: String, currency: String? = nil,
    commission: (any CommissionModel)? = nil, taxes: [any TransactionTax] = []
  ) {
    self.name = name
    self.title = title
    self.source = source
    self.date = date
    self.currency = currency
    self.commission = commission
    self.taxes = taxes
  }

  /// The schedule of a name; `nil` for a name that there is not.
  public static func named(_ name: String) -> FeeSchedule? { all.first { $0.name == name } }

  /// Takes the place of the commission and the taxes of rules; a schedule of taxes alone leaves the
  /// commission, and one without taxes those that no other schedule brought.
  public func apply(to rules: inout ExecutionRules) {
    if let commission { rules.commission = commission }
    if !taxes.isEmpty || rules.feeSchedule != nil { rules.taxes = taxes }
    rules.feeSchedule = self
  }

  /// What a report says of it.
  package var sentence: String { "\(title); \(source), as of \(date)." }

  /// All schedules.
  public static var all: [FeeSchedule] { brokers + exchanges + states }

  private static var brokers: [FeeSchedule] {
    [
      FeeSchedule(
        "ibkr-us-fixed", "Interactive Brokers, shares in the United States, fixed",
        source: "interactivebrokers.com/en/pricing/commissions-stocks.php", date: "2024-05-22",
        currency: "USD",
        commission: PerShareCommission(perShare: 0.005, minimumPerOrder: 1, maximumPercent: 1),
        taxes: americanSales),
      FeeSchedule(
        "ibkr-us-tiered",
        "Interactive Brokers, shares in the United States, tiered, without other fees",
        source: "interactivebrokers.com/en/pricing/commissions-stocks.php", date: "2024-05-22",
        currency: "USD",
        commission: TieredCommission(
          .perShare, rates: [0.0035, 0.002, 0.0015, 0.001, 0.0005],
          from: [0, 300_000, 3_000_000, 20_000_000, 100_000_000], minimumPerOrder: 0.35,
          maximumPercent: 1),
        taxes: americanSales),
    ]
  }

  private static var exchanges: [FeeSchedule] {
    [
      FeeSchedule(
        "binance-spot", "Binance spot, regular user, without discounts",
        source: "binance.com/en/fee/trading", date: "2024-07-18",
        commission: MakerTakerCommission(makerBasisPoints: 10, takerBasisPoints: 10)),
      FeeSchedule(
        "binance-perpetual", "Binance USDT-margined futures, regular user, without discounts",
        source: "binance.com/en/fee/futureFee", date: "2024-07-18",
        commission: MakerTakerCommission(makerBasisPoints: 2, takerBasisPoints: 5)),
      FeeSchedule(
        "kraken-spot", "Kraken Pro spot, by the volume of the month",
        source: "kraken.com/features/fee-schedule", date: "2023-08-01", currency: "USD",
        commission: TieredCommission(
          .basisPoints, rates: [26, 24, 22, 20, 18, 16, 14, 12, 10],
          from: [0, 5e4, 1e5, 2.5e5, 5e5, 1e6, 2.5e6, 5e6, 1e7],
          makerRates: [16, 14, 12, 10, 8, 6, 4, 2, 0])),
    ]
  }

  private static var states: [FeeSchedule] {
    [
      FeeSchedule(
        "us-sales",
        "United States: Section 31 fee and FINRA trading activity fee on sales of shares",
        source: "sec.gov, fee rate advisory 2 for 2024; finra.org, trading activity fee",
        date: "2024-05-22", currency: "USD", taxes: americanSales),
      FeeSchedule(
        "uk-stamp-duty", "United Kingdom: stamp duty reserve tax on purchases of shares",
        source: "gov.uk/tax-buy-shares", date: "2024-04-06",
        taxes: [StampDuty(basisPoints: 50)]),
      FeeSchedule(
        "hong-kong-stamp-duty", "Hong Kong: stamp duty on purchases and sales of shares",
        source: "ird.gov.hk, stamp duty rates", date: "2023-11-17",
        taxes: [StampDuty(basisPoints: 10), SellTax(basisPoints: 10)]),
      FeeSchedule(
        "china-stamp-duty", "Mainland China: stamp duty on sales of shares",
        source: "chinatax.gov.cn, announcement 39 of 2023", date: "2023-08-28",
        taxes: [SellTax(basisPoints: 5)]),
    ]
  }

  /// 27.80 dollars per million sold, and 0.000166 dollars per share sold up to 8.30 per trade.
  private static var americanSales: [any TransactionTax] {
    [
      SellTax(basisPoints: 0.278), PerShareSellTax(perShare: 0.000166, maximumPerOrder: 8.3),
    ]
  }
}
