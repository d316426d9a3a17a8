/// Studies and prices that the tests make for themselves.
enum SampleStudy {
  /// Daily bars on weekdays, wandering by whole cents; the same seed is the same text.
  static func prices(seed: UInt64, days: Int = 260) -> String {
    var state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    var text = "date,open,high,low,close,adj_close,volume\n"
    var (cents, day) = (10_000, 0)
    while day < days {
      let (week, weekday) = (day / 5, day % 5)
      // Monday, 3 January 2011, and the weekdays after it.
      let open = cents + next(101) - 50
      cents = max(1_000, open + next(401) - 198)
      let high = max(open, cents) + next(60)
      let low = min(open, cents) - next(60)
      let adjusted = decimals(cents - cents / 50)
      text += "\(date(week * 7 + weekday)),\(decimals(open)),\(decimals(high)),"
      text += "\(decimals(low)),\(decimals(cents)),\(adjusted),\(1_000 + next(9_000))\n"
      day += 1
    }
    return text
  }

  /// A study of two instruments that walks forward.
  static let text = """
    name: Two shares
    data:
      calendar: weekdays
      files:
        - {path: prices/b.csv, symbol: BBB}
        - {path: prices/a.csv, symbol: AAA}
    account: {cash: 100000}
    execution:
      commission: {per-share: 0.005, minimum-per-order: 1}
      slippage: {basis-points: 2}
    strategy:
      name: sma-crossover
      parameters: {fast: 5, slow: 20, weight: 0.5}
    walk-forward:
      train: 80
      test: 40
      grid: {fast: [3, 5], slow: [10, 20]}
    regimes: [bull-bear, volatility]
    benchmark: {symbol: AAA}

    """

  /// Writes the study `study.yaml` and its prices.
  static func write(to folder: WorkFolder) throws {
    try folder.write(text, to: "study.yaml")
    try folder.write(prices(seed: 1), to: "prices/a.csv")
    try folder.write(prices(seed: 2), to: "prices/b.csv")
  }

  /// A folder with the study and its prices; without regimes, whose intervals take most of the time
  /// of a run, for tests that run it many times to look at other things.
  static func folder(withRegimes: Bool = true) throws -> WorkFolder {
    let folder = try WorkFolder()
    try write(to: folder)
    if !withRegimes { try folder.write(plain, to: "study.yaml") }
    return folder
  }

  /// The study without regimes.
  static let plain = text.replacing("regimes: [bull-bear, volatility]\n", with: "")

  private static func decimals(_ cents: Int) -> String {
    let rest = cents % 100
    return "\(cents / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  private static func date(_ days: Int) -> String {
    var (year, month, day) = (2011, 1, 3 + days)
    while true {
      let isLeap = year % 4 == 0
      let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
      if day <= length { break }
      day -= length
      month += 1
      if month > 12 { (year, month) = (year + 1, 1) }
    }
    return "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
  }
}
