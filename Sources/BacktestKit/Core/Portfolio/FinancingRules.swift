/// What borrowed money and borrowed shares cost, and what idle cash earns, by the year.
///
///     var financing = FinancingRules()
///     financing.debitRate = 0.06
///     financing.borrowing.rate = 0.005
///     financing.dayCount = .actual360
///     configuration.account.financing = financing
///
/// Everything is charged at the end of a session, for the calendar days to the next session.
public struct FinancingRules: Hashable, Sendable {
  /// The annual rate on a negative balance, as a fraction.
  public var debitRate = 0.0
  /// The annual rate on cash beyond the value of short positions, as a fraction: what was received
  /// for shares sold short is collateral and earns nothing.
  public var creditRate = 0.0
  /// What borrowing shares to sell them short costs.
  public var borrowing = BorrowFees()
  /// The days that a year counts.
  public var dayCount = DayCount.actual365

  /// No interest and no fees.
  public init() {}

  /// The days that a year counts; the days of a charge are always those of the calendar.
  public enum DayCount: Int, Hashable, Sendable, CaseIterable {
    /// 360 days, as money markets count.
    case actual360 = 360
    /// 365 days.
    case actual365 = 365
  }

  /// What is wrong with the rates; `nil` when nothing is.
  var problem: String? {
    if !(debitRate >= 0 && debitRate.isFinite) {
      return "the debit rate must be 0 or more and finite, not \(debitRate)"
    }
    if !(creditRate > -1 && creditRate.isFinite) {
      return "the credit rate must be above -1 and finite, not \(creditRate)"
    }
    if !(borrowing.rate >= 0 && borrowing.rate.isFinite) {
      return "the borrow rate must be 0 or more and finite, not \(borrowing.rate)"
    }
    return nil
  }

  /// Interest on a balance for a fraction of a year, negative where it is paid.
  func interest(on balance: Double, shortValue: Double, fraction: Double) -> Double {
    let rate = balance < 0 ? debitRate : creditRate
    let base = balance < 0 ? balance : max(0, balance - shortValue)
    return base * rate * fraction
  }

  /// The share of an annual rate that a number of days brings.
  public func fraction(ofDays days: Int) -> Double { Double(days) / Double(dayCount.rawValue) }
}

/// What borrowing shares costs, by the year, on the value of what is short.
public struct BorrowFees: Hashable, Sendable {
  /// The rate of instruments for which nothing else is said.
  public var rate = 0.0
  /// The rates of single instruments over time, by symbol.
  public var bySymbol: [String: BorrowSchedule] = [:]

  /// No fees.
  public init() {}
}

/// The rate at which the shares of one instrument can be borrowed, from date to date.
public struct BorrowSchedule: Hashable, Sendable {
  /// The rates with the first session of each, ascending; before the first there is the general
  /// rate.
  public private(set) var steps: [Step]

  /// A rate from a session on.
  public struct Step: Hashable, Sendable, BitwiseCopyable {
    /// The first session.
    public var date: CivilDate
    /// The annual rate as a fraction; `nil` where there are no shares to borrow.
    public var rate: Double?

    /// A rate from a session on.
    public init(date: CivilDate, rate: Double?) {
      self.date = date
      self.rate = rate
    }
  }

  /// A schedule of some rates.
  ///
  /// - Precondition: the dates ascend, and rates are 0 or more.
  public init(_ steps: [Step]) {
    precondition(
      zip(steps, steps.dropFirst()).allSatisfy { $0.date < $1.date }, "dates of rates ascend")
    precondition(steps.allSatisfy { $0.rate.map { $0 >= 0 } ?? true }, "rates are 0 or more")
    self.steps = steps
  }

  /// The same rate at all times; `nil` where there never are shares to borrow.
  public init(rate: Double?) { self.init([Step(date: .distantPast, rate: rate)]) }

  /// The rate on a session.
  func rate(on date: CivilDate, orElse general: Double) -> Double? {
    guard let step = steps.last(where: { $0.date <= date }) else { return general }
    return step.rate
  }
}

extension CivilDate {
  /// A date before every session.
  package static let distantPast = CivilDate(daysSinceEpoch: -1_000_000)
}

/// What holding positions and cash brought and cost, beside the moves of prices. Each part is
/// separate: what was received is never netted against what was paid.
public struct AccountIncome: Hashable, Sendable, BitwiseCopyable {
  /// Dividends on long positions, booked at their ex-dates.
  public package(set) var dividendsReceived = 0.0
  /// Dividends owed on short positions, booked at their ex-dates.
  public package(set) var dividendsPaid = 0.0
  /// Money for fractions of a lot that splits left, negative for short positions.
  public package(set) var cashInLieu = 0.0
  /// Interest on positive balances.
  public package(set) var interestReceived = 0.0
  /// Interest on negative balances.
  public package(set) var interestPaid = 0.0
  /// Fees for borrowed shares.
  public package(set) var borrowPaid = 0.0
  /// Funding of perpetual contracts that was received.
  public package(set) var fundingReceived = 0.0
  /// Funding of perpetual contracts that was paid.
  public package(set) var fundingPaid = 0.0

  init() {}

  /// Adds what another account took in and paid, in units of another size.
  package mutating func add(_ other: AccountIncome, scale: Double) {
    dividendsReceived += other.dividendsReceived * scale
    dividendsPaid += other.dividendsPaid * scale
    cashInLieu += other.cashInLieu * scale
    interestReceived += other.interestReceived * scale
    interestPaid += other.interestPaid * scale
    borrowPaid += other.borrowPaid * scale
    fundingReceived += other.fundingReceived * scale
    fundingPaid += other.fundingPaid * scale
  }

  /// All of it together, as it changed equity.
  public var net: Double {
    dividendsReceived - dividendsPaid + cashInLieu + interestReceived - interestPaid - borrowPaid
      + fundingReceived - fundingPaid
  }
}
