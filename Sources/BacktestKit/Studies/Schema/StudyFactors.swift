import BacktestCore
import BacktestFiles
import BacktestIngest

/// A file of the returns of factors, which explain those of the run.
struct StudyFactors: Sendable {
  /// The path as the study gives it; relative to the study's folder.
  var path = ""
  /// The column of dates.
  var date: String?
  /// The columns of factors; `nil` takes all that are neither dates nor the risk-free rate.
  var values: [String]?
  /// The column of the risk-free return of each day.
  var riskFree: String?
  /// How returns are written.
  var unit = Unit.fraction
  /// Over how many lags residuals may be correlated; `nil` goes by their number.
  var lags: Int?

  /// How returns are written.
  enum Unit: String, Sendable, CaseIterable {
    case fraction, percent

    var scale: Double { self == .fraction ? 1 : 0.01 }
  }

  init() {}

  /// The keys of `factors`.
  static var table: StudyTable<StudyFactors> {
    StudyTable(
      initial: StudyFactors(),
      keys: [
        .required("path", \.path, .text, "A CSV file of daily returns, one row a date.")
          .values("file").example("factors.csv"),
        .optional("date", \.date, .text, "The column of dates.")
          .values("column name").absent("found by name").example("Date"),
        .optionalList("values", \.values, of: .text, "The columns of factors.")
          .values("list of column names").absent("all others").example("[MKT, SMB, HML]"),
        .optional(
          "risk-free", \.riskFree, .text, "The column of the risk-free return of each day."
        ).values("column name").absent("the study's own `risk-free`").example("RF"),
        .value("unit", \.unit, .choice(), "How returns are written: 0.01 or 1 for one percent.")
          .example("percent"),
        .optional(
          "lags", \.lags, .integer(.notNegative), "Over how many days residuals may be correlated."
        ).absent("4 (n / 100)^(2/9), rounded down").example("5"),
      ])
  }
}

/// The daily returns of factors.
struct FactorReturns: Sendable {
  /// The names of the factors.
  var names: [String]
  /// The dates on which all have a return, ascending.
  var dates: [CivilDate]
  /// The returns of each factor on those dates, as fractions.
  var returns: [[Double]]
  /// The risk-free returns on those dates; `nil` where the file has none.
  var riskFree: [Double]?
}

extension FactorReturns {
  /// Refuses factors without a date in the time of the bars.
  func check(against universe: Universe, _ study: Study) throws(StudyError) {
    let first = universe.series.compactMap(\.closeTimes.first).min()?.utcDate
    let last = universe.series.compactMap(\.closeTimes.last).max()?.utcDate
    guard let first, let last else { return }
    guard dates.contains(where: { $0 >= first && $0 <= last }) else {
      let path = study.factors?.path ?? ""
      let range = dates.isEmpty ? "no date" : "the dates \(dates[0]) to \(dates[dates.count - 1])"
      throw StudyError(
        .file, "\(path): it has \(range) with a return of each factor, the bars \(first) to \(last)"
      )
    }
  }
}

extension Study {
  /// The returns of the study's factors; `nil` where it names none.
  ///
  /// - Throws: `StudyError` with everything that is wrong with the file, or where its returns are
  ///   those of another unit.
  func loadFactors() throws(StudyError) -> FactorReturns? {
    guard let factors else { return nil }
    var reader = CSVReferences()
    reader.mapping.time = factors.date
    reader.mapping.decimal = data.mapping.decimal
    reader.mapping.separator = data.mapping.separator
    reader.mapping.timeFormat = data.mapping.timeFormat
    reader.values = factors.values.map { $0 + (factors.riskFree.map { [$0] } ?? []) }
    reader.takesAllColumns = true
    let own = reader
    var series = try StudyError.wrapping(.file) {
      try own.load(resolved(factors.path), name: Self.factorName)
    }
    // The risk-free rate comes last.
    if let rate = factors.riskFree {
      guard let found = series.firstIndex(where: { $0.name == "\(Self.factorName).\(rate)" }) else {
        throw StudyError(
          .file, "\(factors.path): there is no column '\(rate)' for 'risk-free' beside factors")
      }
      series.append(series.remove(at: found))
    }
    // Without a calendar a date is known when it is over.
    let known = series.map { Dictionary(zip($0.knownTimes, $0.values)) { first, _ in first } }
    let times = known[0].keys.filter { time in known.allSatisfy { $0[time] != nil } }.sorted()
    let columns = known.map { column in times.map { column[$0]! * factors.unit.scale } }
    for (one, values) in zip(series, columns) {
      let size = values.reduce(0) { $0 + abs($1) } / Double(max(values.count, 1))
      guard size < 0.1 else {
        let name = Self.columnName(one.name)
        throw StudyError(
          .file,
          "\(factors.path): the daily returns of \(name) are \(NumberText.percent(size)) on "
            + "average; if 1 stands for one percent, add 'unit: percent' to 'factors'")
      }
    }
    let hasRate = factors.riskFree != nil
    return FactorReturns(
      names: series.dropLast(hasRate ? 1 : 0).map { Self.columnName($0.name) },
      dates: times.map { ($0 - .days(1)).utcDate },
      returns: Array(columns.dropLast(hasRate ? 1 : 0)), riskFree: hasRate ? columns.last : nil)
  }

  /// What a file's only column is called; several are called this and their names.
  private static var factorName: String { "factor" }

  private static func columnName(_ name: String) -> String {
    name.hasPrefix(factorName + ".") ? String(name.dropFirst(factorName.count + 1)) : name
  }
}
