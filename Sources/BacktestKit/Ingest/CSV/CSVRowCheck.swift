import BacktestCore

/// The rules for checking rows.
struct CSVRowRules {
  var repairs = false
  var allowsNonPositivePrices = false
  var adjusts = false
  var hasVolume = true
  /// A close that differs from the one before by more than this share is reported.
  var jumpLimit = 0.4
}

extension CSVBarBuilder {
  /// Whether a row needs no review: later than the last, consistent, traded, near the last close.
  @inline(__always)
  func isPlain(_ row: CSVRow, _ rules: CSVRowRules) -> Bool {
    let isConsistent =
      row.low > 0 && row.high < .infinity && row.low <= row.open && row.low <= row.close
      && row.open <= row.high && row.close <= row.high
    let close = rules.adjusts ? row.adjustedClose : row.close
    let isNear = (close - lastClose).magnitude <= rules.jumpLimit * lastClose
    let hasTraded = row.volume > 0 && row.volume < .infinity || !rules.hasVolume
    return isConsistent && isNear && hasTraded && row.stamp.nanoseconds > lastStamp
      && (!rules.adjusts || row.canBeAdjusted)
  }

  /// Reviews a row: adds it as it is or repaired, or leaves it out, and logs why.
  ///
  /// - Parameter place: The line and column of a role's field.
  /// - Returns: Whether the row is valid as it is.
  @inline(never)
  mutating func review(
    _ row: CSVRow, line: Int, rules: CSVRowRules, place: (CSVRole) -> (line: Int, column: Int)
  ) -> Bool {
    let before = log.invalidCount
    examine(row, line: line, rules: rules, place: place)
    return log.invalidCount == before
  }

  private mutating func examine(
    _ row: CSVRow, line: Int, rules: CSVRowRules, place: (CSVRole) -> (line: Int, column: Int)
  ) {
    guard checkTime(row.stamp, rules, place) else { return }
    lastStamp = row.stamp.nanoseconds
    var row = row
    guard checkPrices(row, rules, place) else {
      // A held bar needs a price to hold; in a refused file the row is only skipped.
      if rules.repairs && !lastClose.isNaN { appendHeld(row.stamp, line: line) }
      return
    }
    fixRange(&row, rules, place)
    fixVolume(&row, rules, place)
    if rules.adjusts { row.adjust() }
    checkJump(row, rules, place)
    append(row, line: line)
  }

  private mutating func checkTime(
    _ stamp: CSVTimestamp, _ rules: CSVRowRules, _ place: (CSVRole) -> (line: Int, column: Int)
  ) -> Bool {
    let (time, last) = (stamp.nanoseconds, lastStamp)
    if time > last || (count == 0 && last == .min) { return true }
    let repair: DataIssue.Repair? = rules.repairs ? .dropped : nil
    let text = Timestamp(nanoseconds: time).description
    let at = place(.time)
    if time == last {
      log.add(
        .duplicateTime, line: at.line, column: at.column,
        "\(text) is already in an earlier row", repair: repair)
    } else {
      log.add(
        .outOfOrder, line: at.line, column: at.column,
        "\(text) comes after \(Timestamp(nanoseconds: last)); rows must ascend in time",
        repair: repair)
    }
    return false
  }

  private mutating func checkPrices(
    _ row: CSVRow, _ rules: CSVRowRules, _ place: (CSVRole) -> (line: Int, column: Int)
  ) -> Bool {
    let isPlain =
      row.open > 0 && row.high > 0 && row.low > 0 && row.close > 0
      && max(row.open, row.high, row.low, row.close) < .infinity
    if isPlain && !rules.adjusts { return true }
    var prices: [(CSVRole, Double)] = [
      (.open, row.open), (.high, row.high), (.low, row.low), (.close, row.close),
    ]
    if rules.adjusts { prices.append((.adjustedClose, row.adjustedClose)) }
    let repair: DataIssue.Repair? = !rules.repairs ? nil : lastClose.isNaN ? .dropped : .held
    var isSound = true
    for (role, price) in prices {
      let at = place(role)
      if !price.isFinite {
        log.add(
          .notANumber, line: at.line, column: at.column,
          "the \(role.label) is \(price.isNaN ? "missing or not a number" : "infinite")",
          repair: repair)
        isSound = false
      } else if price <= 0 && !rules.allowsNonPositivePrices {
        log.add(
          .nonPositivePrice, line: at.line, column: at.column,
          "the \(role.label) is \(price); prices must be positive", repair: repair)
        isSound = false
      }
    }
    guard isSound, rules.adjusts else { return isSound }
    guard !row.canBeAdjusted else { return true }
    let at = place(.adjustedClose)
    log.add(
      .notANumber, line: at.line, column: at.column,
      "prices cannot be scaled by \(row.adjustedClose) / \(row.close)", repair: repair)
    return false
  }

  private mutating func fixRange(
    _ row: inout CSVRow, _ rules: CSVRowRules, _ place: (CSVRole) -> (line: Int, column: Int)
  ) {
    if row.low <= min(row.open, row.close) && max(row.open, row.close) <= row.high { return }
    let repair: DataIssue.Repair? = rules.repairs ? .fixed : nil
    if row.high < row.low {
      let at = place(.high)
      log.add(
        .highBelowLow, line: at.line, column: at.column,
        "the high \(row.high) is below the low \(row.low)", repair: repair)
      swap(&row.high, &row.low)
    }
    for (role, price) in [(CSVRole.open, row.open), (.close, row.close)]
    where price < row.low || price > row.high {
      let at = place(role)
      log.add(
        .outsideRange, line: at.line, column: at.column,
        "the \(role.label) \(price) is outside \(row.low) to \(row.high)", repair: repair)
    }
    row.high = max(row.high, row.open, row.close)
    row.low = min(row.low, row.open, row.close)
  }

  private mutating func fixVolume(
    _ row: inout CSVRow, _ rules: CSVRowRules, _ place: (CSVRole) -> (line: Int, column: Int)
  ) {
    guard rules.hasVolume else { return }
    if row.volume < 0 || row.volume == .infinity {
      let at = place(.volume)
      log.add(
        .negativeVolume, line: at.line, column: at.column,
        "the volume is \(row.volume); it must be finite and not negative",
        repair: rules.repairs ? .fixed : nil)
      row.volume = 0
    }
    // A volume that is missing in a file that has volumes must not let orders fill.
    if row.volume.isNaN { row.volume = 0 }
    if row.volume == 0 { noteZeroVolume() }
  }

  private mutating func checkJump(
    _ row: CSVRow, _ rules: CSVRowRules, _ place: (CSVRole) -> (line: Int, column: Int)
  ) {
    let change = row.close / lastClose - 1
    guard lastClose > 0, row.close > 0, change.magnitude > rules.jumpLimit else { return }
    let at = place(.close)
    log.add(
      .jump, line: at.line, column: at.column,
      "the close moves from \(NumberText.price(lastClose)) to \(NumberText.price(row.close)), by "
        + percentText(change))
  }
}

extension CSVRow {
  /// Whether scaled prices stay numbers of the same sign.
  @inline(__always)
  var canBeAdjusted: Bool {
    let factor = adjustedClose / close
    return factor.isFinite && factor != 0 && (high * factor).isFinite && (open * factor).isFinite
      && (low * factor).isFinite && (low * factor != 0 || low == 0)
  }

  /// Scales the prices so that the close is the adjusted close. Rounding may not push open or
  /// close out of the range.
  @inline(__always)
  mutating func adjust() {
    let factor = adjustedClose / close
    open *= factor
    close = adjustedClose
    high = max(high * factor, open, close)
    low = min(low * factor, open, close)
  }
}

/// A share as percent with one decimal and its sign.
private func percentText(_ share: Double) -> String {
  guard share.magnitude < 1e12 else { return "more than 10^12 %" }
  let tenths = Int((share * 1_000).rounded())
  return "\(tenths < 0 ? "-" : "+")\(abs(tenths) / 10).\(abs(tenths) % 10) %"
}
