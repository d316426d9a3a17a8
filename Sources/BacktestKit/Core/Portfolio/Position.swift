/// What the account holds of one instrument, and the round trip under way in it.
public struct Position: Hashable, Sendable, BitwiseCopyable {
  /// Units held: positive long, negative short.
  public internal(set) var quantity = 0.0
  /// The last price at which the position was valued: a close, or the reference price of a fill.
  public internal(set) var mark = 0.0
  /// The average entry price, slippage included; 0 when flat.
  public internal(set) var averagePrice = 0.0
  /// Account currency per price unit and unit of quantity.
  var multiplier: Double

  var entryTime = Timestamp.distantPast
  package var entryRow: Int32 = 0
  /// The row of the bar inside which the position was opened, or -1: that bar's high and low may
  /// lie before the entry.
  var insideRow: Int32 = -1
  /// The row of the last bar at whose close the position was valued.
  var closedRow: Int32 = -1
  /// The lowest and the highest reference price of the round trip's fills.
  var lowestReference = 0.0
  var highestReference = 0.0
  var largestQuantity = 0.0
  var largestEntryNotional = 0.0
  var enteredQuantity = 0.0
  var enteredValue = 0.0
  var exitedQuantity = 0.0
  var exitedValue = 0.0
  var commission = 0.0
  var slippage = 0.0
  var tax = 0.0

  init(multiplier: Double) { self.multiplier = multiplier }

  /// Whether nothing is held.
  public var isFlat: Bool { quantity == 0 }
  /// The value at the mark, negative for shorts, in account currency.
  public var value: Double { quantity * mark * multiplier }
  /// Profit at the mark against the average entry price, before commission.
  public var unrealizedProfit: Double { quantity * (mark - averagePrice) * multiplier }
}

extension Position {
  /// Marks to a bar's close; returns the profit of the move.
  @inline(__always)
  mutating func closeBar(close: Double, row: Int) -> Double {
    let profit = quantity * (close - mark) * multiplier
    mark = close
    closedRow = Int32(truncatingIfNeeded: row)
    return profit
  }

  /// The part of a trade that closes what is held, signed as the trade.
  func closingPart(of trade: Double) -> Double {
    guard quantity != 0, (trade > 0) != (quantity > 0) else { return 0 }
    return abs(trade) <= abs(quantity) ? trade : -quantity
  }

  /// Takes a fill in: first what it closes, then what it opens. Adds the round trip that it ended,
  /// if any; returns 1 where it opens a position and -1 where it leaves none.
  @inline(__always)
  mutating func apply(_ fill: Fill, trades: inout [BookedTrade]) -> Int {
    let closing = closingPart(of: fill.quantity)
    let opening = fill.quantity - closing
    var change = 0
    if closing != 0 {
      let share = closing / fill.quantity
      let isLong = quantity > 0
      exit(
        closing, price: fill.price, commission: fill.commission * share,
        slippage: fill.slippage * share, tax: fill.tax * share)
      lowestReference = min(lowestReference, fill.reference)
      highestReference = max(highestReference, fill.reference)
      if isFlat {
        change -= 1
        trades.append(
          bookedTrade(
            fill.instrument, isLong: isLong, exitTime: fill.time, exitRow: Int(fill.row),
            isOpen: false))
        averagePrice = 0
      }
    }
    if opening != 0 {
      let share = opening / fill.quantity
      if isFlat {
        change += 1
        open(fill)
      }
      lowestReference = min(lowestReference, fill.reference)
      highestReference = max(highestReference, fill.reference)
      enter(
        opening, price: fill.price, commission: fill.commission * share,
        slippage: fill.slippage * share, tax: fill.tax * share)
    }
    return change
  }

  /// Begins a round trip with its first fill.
  mutating func open(_ fill: Fill) {
    entryTime = fill.time
    entryRow = fill.row
    insideRow = fill.isIntrabar ? fill.row : -1
    lowestReference = fill.reference
    highestReference = fill.reference
    averagePrice = 0
    (largestQuantity, largestEntryNotional) = (0, 0)
    (enteredQuantity, enteredValue) = (0, 0)
    (exitedQuantity, exitedValue) = (0, 0)
    (commission, slippage, tax) = (0, 0, 0)
  }

  /// Adds units at a price to the position, with their costs.
  mutating func enter(
    _ units: Double, price: Double, commission: Double, slippage: Double, tax: Double
  ) {
    let before = abs(quantity)
    let added = abs(units)
    quantity += units
    // What a position opens at is its price, to the last digit: exits are levels away from it.
    averagePrice =
      before == 0 ? price : (averagePrice * before + price * added) / (before + added)
    enteredQuantity += added
    enteredValue += price * added
    largestQuantity = max(largestQuantity, before + added)
    largestEntryNotional = max(
      largestEntryNotional, (before + added) * averagePrice * multiplier)
    self.commission += commission
    self.slippage += slippage
    self.tax += tax
  }

  /// Takes units off the position at a price, with their costs.
  mutating func exit(
    _ units: Double, price: Double, commission: Double, slippage: Double, tax: Double
  ) {
    let before = abs(quantity)
    quantity += units
    // Fractions of a unit that only rounding left behind are not a position.
    if abs(quantity) <= max(before * 1e-12, largestQuantity * 1e-15) { quantity = 0 }
    exitedQuantity += abs(units)
    exitedValue += price * abs(units)
    self.commission += commission
    self.slippage += slippage
    self.tax += tax
  }

  /// The round trip so far, closed by the last exit or still open at the mark.
  func bookedTrade(
    _ instrument: InstrumentID, isLong: Bool, exitTime: Timestamp, exitRow: Int, isOpen: Bool
  ) -> BookedTrade {
    let entryPrice = enteredValue / enteredQuantity
    let openValue = isOpen ? abs(quantity) * mark : 0
    let direction = isLong ? 1.0 : -1.0
    let exitPrice =
      isOpen
      ? mark : exitedValue / exitedQuantity
    let trade = RoundTrip(
      instrument: instrument, isLong: isLong, entryTime: entryTime, exitTime: exitTime,
      entryRow: Int(entryRow), exitRow: exitRow, quantity: largestQuantity,
      entryPrice: entryPrice, exitPrice: exitPrice,
      grossProfit: direction * (exitedValue + openValue - enteredValue) * multiplier,
      commission: commission, slippage: slippage, tax: tax, entryNotional: largestEntryNotional,
      maximumAdverseExcursion: 0, maximumFavourableExcursion: 0, isOpen: isOpen)
    // The bar inside which it was opened may have its high and low before the entry.
    let firstRow = entryRow == insideRow ? entryRow + 1 : entryRow
    return BookedTrade(
      trade: trade, lowestReference: lowestReference, highestReference: highestReference,
      firstRow: firstRow, endRow: max(firstRow, closedRow + 1))
  }
}

/// A round trip as the account books it: without its excursions, for which the highs and lows of
/// every bar on the way would have to be read while the market is replayed. They are found when
/// somebody reads the table of trades.
struct BookedTrade: BitwiseCopyable, Sendable {
  /// The round trip with excursions of zero.
  var trade: RoundTrip
  /// The lowest and the highest reference price of its fills.
  var lowestReference: Double
  var highestReference: Double
  /// The bars whose highs and lows belong to it, in rows of its series: the first, and the one
  /// after the last.
  var firstRow: Int32
  var endRow: Int32

  /// Round trips with their excursions, in the order in which they were booked.
  static func roundTrips(_ booked: [BookedTrade], on feed: Feed) -> [RoundTrip] {
    var trips = booked.map(\.trade)
    // Instrument by instrument, so that mapped files are read from front to back.
    let order = trips.indices.sorted { (trips[$0].instrument, $0) < (trips[$1].instrument, $1) }
    for index in order {
      let instrument = Int(trips[index].instrument.index)
      trips[index] = booked[index].roundTrip(on: feed.columns[instrument])
    }
    return trips
  }

  /// The round trip with its excursions.
  func roundTrip(on series: SeriesColumns) -> RoundTrip {
    var (lowest, highest) = (lowestReference, highestReference)
    if series.scale != nil {
      // Prices of other units, in those of the exit.
      let unit = series.scale(of: min(trade.exitRow, series.count - 1))
      for row in Int(firstRow)..<Int(endRow) where row < series.count {
        lowest = min(lowest, series.low[row] * (series.scale(of: row) / unit))
        highest = max(highest, series.high[row] * (series.scale(of: row) / unit))
      }
    }
    for row in Int(firstRow)..<Int(endRow) where series.scale == nil && row < series.count {
      // Chosen and not branched on: nobody can guess whether a bar makes a new extreme.
      lowest = series.low[row] < lowest ? series.low[row] : lowest
      highest = series.high[row] > highest ? series.high[row] : highest
    }
    let down = (lowest - trade.entryPrice) / trade.entryPrice
    let up = (highest - trade.entryPrice) / trade.entryPrice
    var trade = trade
    trade.maximumAdverseExcursion = min(0, trade.isLong ? down : -up)
    trade.maximumFavourableExcursion = max(0, trade.isLong ? up : -down)
    return trade
  }
}

/// A trade from flat to flat at average cost; a reversal ends one and begins another.
public struct RoundTrip: Hashable, Sendable, BitwiseCopyable {
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
  /// Profit or loss before commission and tax, slippage already in the prices.
  public var grossProfit: Double
  /// Commission of all its fills.
  public var commission: Double
  /// Money lost to slippage in all its fills.
  public var slippage: Double
  /// Stamp duty and sell taxes of all its fills.
  public var tax: Double
  /// The largest entry notional: units x average entry price x multiplier.
  public var entryNotional: Double
  /// The worst move against the entry price while open, as a fraction of it, zero or negative.
  public var maximumAdverseExcursion: Double
  /// The best move in favour while open, as a fraction of the entry price, zero or positive.
  public var maximumFavourableExcursion: Double
  /// Whether it was still open when the run ended; such a one is listed and never counted.
  public var isOpen: Bool
  /// Whether the end of a walk-forward fold closed it at the mark: it was not traded then, its last
  /// costs are missing, and it counts like any closed one.
  public var isMarked: Bool

  /// Profit or loss net of commission, slippage and tax.
  public var profit: Double { grossProfit - commission - tax }
  /// Net profit over the largest entry notional.
  public var profitFraction: Double { profit / entryNotional }
  /// Bars from entry to exit.
  public var barCount: Int { exitRow - entryRow }

  /// A round trip from its parts.
  package init(
    instrument: InstrumentID, isLong: Bool, entryTime: Timestamp, exitTime: Timestamp,
    entryRow: Int, exitRow: Int, quantity: Double, entryPrice: Double, exitPrice: Double,
    grossProfit: Double, commission: Double, slippage: Double, tax: Double,
    entryNotional: Double,
    maximumAdverseExcursion: Double, maximumFavourableExcursion: Double, isOpen: Bool,
    isMarked: Bool = false
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
    self.tax = tax
    self.entryNotional = entryNotional
    self.maximumAdverseExcursion = maximumAdverseExcursion
    self.maximumFavourableExcursion = maximumFavourableExcursion
    self.isOpen = isOpen
    self.isMarked = isMarked
  }
}
