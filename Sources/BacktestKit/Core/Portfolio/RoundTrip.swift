/// A trade from flat to flat at average cost; a reversal ends one and begins another.
public struct RoundTrip: Hashable, Sendable {
  /// What was traded.
  public var instrument: InstrumentID
  /// Whether it was a long position.
  public var isLong: Bool
  /// When the first unit was bought or sold short.
  public var entryTime: Timestamp
  /// When the last unit was closed; for an open one, the last mark.
  public var exitTime: Timestamp
  /// The row of the entry bar in its series.
  public var entryRow: Int
  /// The row of the exit bar in its series.
  public var exitRow: Int
  /// The largest position held, in units, positive.
  public var quantity: Double
  /// The average price of all entries, slippage included.
  public var entryPrice: Double
  /// The average price of all exits, slippage included; for an open one, the last mark.
  public var exitPrice: Double
  /// Profit or loss before commission, slippage already in the prices.
  public var grossProfit: Double
  /// Commission of all its fills.
  public var commission: Double
  /// Money lost to slippage in all its fills.
  public var slippage: Double
  /// The largest entry notional: units x average entry price x multiplier.
  public var entryNotional: Double
  /// The worst move against the entry price while open, as a fraction of it, zero or negative.
  public var maximumAdverseExcursion: Double
  /// The best move in favour while open, as a fraction of the entry price, zero or positive.
  public var maximumFavourableExcursion: Double
  /// Whether it was still open when the run ended; such a one is listed and never counted.
  public var isOpen: Bool

  /// Profit or loss net of commission and slippage.
  public var profit: Double { grossProfit - commission }
  /// Net profit over the largest entry notional.
  public var profitFraction: Double { profit / entryNotional }
  /// Bars from entry to exit.
  public var barCount: Int { exitRow - entryRow }

  /// A round trip from its parts.
  public init(
    instrument: InstrumentID, isLong: Bool, entryTime: Timestamp, exitTime: Timestamp,
    entryRow: Int, exitRow: Int, quantity: Double, entryPrice: Double, exitPrice: Double,
    grossProfit: Double, commission: Double, slippage: Double, entryNotional: Double,
    maximumAdverseExcursion: Double, maximumFavourableExcursion: Double, isOpen: Bool
  ) {
    self.instrument = instrument
    self.isLong = isLong
    self.entryTime = entryTime
    self.exitTime = exitTime
    self.entryRow = entryRow
    self.exitRow = exitRow
    self.quantity = quantity
    self.entryPrice = entryPrice
    self.exitPrice = exitPrice
    self.grossProfit = grossProfit
    self.commission = commission
    self.slippage = slippage
    self.entryNotional = entryNotional
    self.maximumAdverseExcursion = maximumAdverseExcursion
    self.maximumFavourableExcursion = maximumFavourableExcursion
    self.isOpen = isOpen
  }
}
