package import BacktestCore
import BacktestFiles
package import BacktestIngest

/// Which bars a study runs on.
package struct StudyData: Sendable {
  /// The market's hours; a study must name them, because annual figures need a year.
  package var calendar: any TradingCalendar = AlwaysOpenCalendar()
  /// How long a bar lasts; `nil` infers it.
  package var timeframe: Timeframe?
  /// A coarser timeframe to which bars are put together before the run.
  package var resample: Timeframe?
  /// Which prices to take.
  package var priceBasis = BarSeries.PriceBasis.raw
  /// What to do with invalid rows.
  package var quality = CSVReadOptions.Quality.strict
  /// The first session to keep.
  package var from: CivilDate?
  /// The last session to keep.
  package var to: CivilDate?
  /// A folder for the binary column cache, as the study gives it; `nil` reads the text each time.
  package var cache: String?
  /// A file of splits, dividends and other actions, as the study gives it; `nil` for none.
  package var actions: String?
  /// The files of finer bars inside the bars, as the study gives them; `nil` for none.
  package var detail: String?
  /// How columns and stamps are to be understood.
  package var mapping = CSVMapping()
  /// What strategies see and do not trade.
  package var references: [StudyReference] = []
  /// The files.
  package var files: [StudyFile] = []
  /// Files of exchange rates, which convert money and are not traded.
  package var rates: [StudyFile] = []
}

/// A price file and the instruments in it.
package struct StudyFile: Sendable {
  /// The path as the study gives it; relative to the study's folder. It may name several files: a
  /// folder, or a pattern such as `prices/*.csv`.
  package var path: String
  /// The market's hours, where they differ from those of the other files.
  package var calendar: (any TradingCalendar)?
  /// How columns and stamps are to be understood, where that differs.
  package var mapping: CSVMapping?
  /// The name of the instrument; `nil` takes the file's symbols or its name.
  package var symbol: String?
  /// The currency of the prices; `nil` is the account's.
  package var currency: String?
  /// What kind of thing it is.
  package var assetClass = AssetClass.equity
  /// The smallest price step.
  package var tickSize: Double?
  /// The grain of quantities.
  package var lotSize = Instrument.LotSize.standard
  /// Money per price unit and unit of quantity.
  package var multiplier = 1.0
  /// What holders of a perpetual contract pay one another.
  package var funding: StudyFunding?

  /// A file of plain equities in dollars.
  package init(path: String) { self.path = path }

  /// The instrument of a series in this file.
  func instrument(_ symbol: String) -> Instrument {
    Instrument(
      symbol: symbol, currency: currency, assetClass: assetClass, tickSize: tickSize,
      lotSize: lotSize, multiplier: multiplier)
  }
}

extension StudyData {
  /// The keys of `data`.
  ///
  /// - Parameter folder: the folder from which paths count.
  static func table(folder: String) -> StudyTable<StudyData> {
    StudyTable(
      initial: StudyData(),
      keys: [
        .required(
          "calendar", .calendar { Study.path($0, in: folder) },
          "The market's hours, which annual figures need; a file has the ending `.yaml`."
        ) {
          NamedCalendar(calendar: $0.calendar)
        } set: {
          $0.calendar = $1.calendar
        }.values(TradingCalendars.names.map { "`\($0)`" }.joined(separator: ", ") + " or a file")
          .example("XNYS"),
        .optional("timeframe", \.timeframe, .timeframe, "How long a bar lasts.")
          .absent("the smallest difference of timestamps").example("1d"),
        .optional(
          "resample", \.resample, .timeframe,
          "A longer timeframe to which bars are aggregated before the run."
        ).absent("none").example("1w"),
        .value(
          "price", .choice(of: PriceChoice.self),
          "Prices as traded, or scaled by adjusted close over close."
        ) {
          $0.priceBasis == .raw ? .raw : .adjusted
        } set: {
          $0.priceBasis = $1.basis
        }.example("adjusted"),
        .value(
          "quality", \.quality, .choice(),
          "Whether invalid rows are refused, or repaired and listed."
        ).example("repair"),
        .optional("from", \.from, .date, "The first session to keep.")
          .absent("the first").example("2011-02-01"),
        .optional("to", \.to, .date, "The last session to keep.")
          .absent("the last").example("2012-12-31"),
        .optional(
          "cache", \.cache, .text,
          "Where binary columns are kept, from which files load faster the second time."
        ).values("folder").absent("none").example(".cache"),
        .optional(
          "actions", \.actions, .text,
          "A CSV file of splits, dividends and other actions, for raw prices."
        ).values("file").absent("none").example("actions.csv").beside("price: raw"),
        .optional(
          "detail", \.detail, .text,
          "Finer bars of the same instruments, which decide in what order prices inside a bar come."
        ).values("file, folder or pattern").absent("none, the `intrabar-path` is assumed")
          .example("minutes/*.csv"),
        .table(
          "columns", \.mapping, CSVMapping.table,
          "Names of columns that are not recognised."
        ).absent("found by name"),
        StudyFile.traded(folder: folder),
        StudyFile.rates(folder: folder),
        StudyReference.key,
      ],
      after: { check($1, &$0) })
  }

  /// Reports keys that contradict each other.
  private static func check(_ data: StudyData, _ table: inout DocumentTable) {
    if let from = data.from, let to = data.to, to < from {
      table.report("'to' lies before 'from'", at: "to")
    }
    if data.actions != nil, data.priceBasis == .adjusted {
      table.report(
        "'actions' goes with raw prices: adjusted ones have splits and dividends in them "
          + "already; leave one of the two out", at: "actions")
    }
    // A study without 'data' lacks the calendar first, and what is no list was reported already.
    let isList = table.node("files").map { $0.kind != .table } ?? true
    if data.files.isEmpty, isList, !table.keys.isEmpty {
      table.report("a study needs at least one file: add 'files:' with a list of 'path: …'")
    }
  }
}

/// The words for prices in a study; `adj_close` says by its name which column is used.
private enum PriceChoice: String, CaseIterable {
  case raw, adjusted
  case adjustedClose = "adj_close"

  var basis: BarSeries.PriceBasis { self == .raw ? .raw : .adjusted }
}

extension StudyFile {
  /// The key `data.files`.
  fileprivate static func traded(folder: String) -> StudyKey<StudyData> {
    key(
      "files", \.files,
      "The price files: a list of tables, in which a text is a `path`, or one text.",
      isTraded: true, folder: folder)
  }

  /// The key `data.rates`.
  fileprivate static func rates(folder: String) -> StudyKey<StudyData> {
    key(
      "rates", \.rates,
      "Files of exchange rates such as EURUSD, the price of one EUR in USD; they convert money and "
        + "are not traded.", isTraded: false, folder: folder)
  }

  /// The keys `data.files` and `data.rates`: lists of tables or paths, or one path.
  private static func key(
    _ name: String, _ property: WritableKeyPath<StudyData, [StudyFile]>, _ help: String,
    isTraded: Bool, folder: String
  ) -> StudyKey<StudyData> {
    var row = StudyRow(name, help)
    row.values = "list of tables"
    row.table = table(CSVMapping(), isTraded: isTraded, folder: folder).rows
    row.isRequired = isTraded
    if !isTraded { row.absence = "none" }
    row.isList = true
    return StudyKey(row) { table, data in
      let item = StudyFile.table(data.mapping, isTraded: isTraded, folder: folder)
      data[keyPath: property] = table.sections(name, textIs: "path", item.value)
    }
  }

  /// The keys of an item of `data.files`, or of `data.rates`, which has no instrument to trade.
  ///
  /// - Parameter mapping: what holds of columns that the item does not mention.
  private static func table(
    _ mapping: CSVMapping, isTraded: Bool, folder: String
  ) -> StudyTable<StudyFile> {
    var columns = CSVMapping.table
    columns.initial = mapping
    let place: [StudyKey<StudyFile>] = [
      .required(
        "path", \.path, .text,
        "A CSV file, or one compressed by gzip; a folder of them; or a pattern with `*`, `?` or "
          + "`[a-z]`."
      ).values("file, folder or pattern").example("prices/*.csv"),
      .value(
        "calendar", .calendar { Study.path($0, in: folder) },
        "The market's hours, if they are others than those of `data`."
      ) { (file: StudyFile) -> NamedCalendar? in
        file.calendar.map(NamedCalendar.init(calendar:))
      } set: {
        $0.calendar = $1.calendar
      }.absent("that of `data`").example("XLON"),
      .optionalTable(
        "columns", \.mapping, columns,
        "What differs from `data.columns`; the keys are the same."
      ).absent("those of `data`").example("{time-zone: Europe/London}"),
      .optional("symbol", \.symbol, .text, "The symbol of the instrument.")
        .absent("the file's symbols, else its name").example("AAPL"),
    ]
    return StudyTable(
      initial: StudyFile(path: ""), keys: isTraded ? place + instrumentKeys : place)
  }

  /// The keys of an item of `data.files` that are about what is traded.
  private static var instrumentKeys: [StudyKey<StudyFile>] {
    [
      .optional(
        "currency", \.currency, .text,
        "The currency of the prices; another one than the account's needs a rate."
      ).absent("the account's").example("EUR"),
      .value(
        "asset-class", \.assetClass, .choice(),
        "The kind of instrument; futures may have prices at or below zero."
      ).example("future"),
      .optional(
        "tick", \.tickSize, .number(.positive),
        "The price step to which fills are rounded, against the order."
      ).absent("none").example("0.01"),
      .value("lot", \.lotSize, .lot, "The step of quantities.")
        .values("number above 0, or `fractional`")
        .absent("1; `fractional` for forex, crypto and perpetual").example("fractional"),
      .value(
        "multiplier", \.multiplier, .number(.positive),
        "Money for one price unit and one unit of quantity."
      ).example("50"),
      .optionalTable(
        "funding", \.funding, StudyFunding.table, "The funding of a perpetual contract."
      ).absent("none").example("{rate: 0.0001, every: 8h}"),
    ]
  }
}

extension CSVMapping {
  /// The keys of `data.columns`.
  fileprivate static var table: StudyTable<CSVMapping> {
    func column(
      _ name: String, _ property: WritableKeyPath<CSVMapping, String?>, _ help: String,
      example: String
    ) -> StudyKey<CSVMapping> {
      .optional(name, property, .text, help)
        .values("column name").absent("found by name").example(example)
    }
    return StudyTable(
      initial: CSVMapping(),
      keys: [
        column("time", \.time, "The column of timestamps.", example: "Date"),
        column("open", \.open, "The first price.", example: "Open"),
        column("high", \.high, "The highest price.", example: "High"),
        column("low", \.low, "The lowest price.", example: "Low"),
        column("close", \.close, "The last price.", example: "Close"),
        column("volume", \.volume, "Units traded.", example: "Volume"),
        column(
          "adjusted-close", \.adjustedClose, "The close adjusted for splits and dividends.",
          example: "AdjClose"),
        column("symbol", \.symbol, "The symbol, in a file of several.", example: "Ticker"),
        .value(
          "layout", \.layout, .choice(),
          "Whether a row is a bar, or a date with the close of one instrument in each column."
        ).example("wide"),
        .value(
          "decimal", \.decimal, .choice(), "The decimal mark of numbers."
        ).example("comma"),
        .optionalList(
          "headers", \.headers, of: .text,
          "The names of the columns of a file without a header line."
        ).values("list of names").absent("the file's first line")
          .example("[time, open, high, low, close]"),
        .optional("separator", \.separator, .separator, "The character between fields.")
          .values("one character, or `tab`").absent("detected").example("';'"),
        .value("time-format", \.timeFormat, .timeFormat, "How timestamps are written.")
          .values(
            "`automatic`, `iso`, `epoch-s`, `epoch-ms`, `epoch-us`, `epoch-ns` or a pattern"
          ).example("dd/MM/yyyy"),
        .value(
          "timestamps", \.timestamps, .stampMeaning,
          "Which end of an intraday bar its timestamp marks."
        ).example("close"),
        .value("time-zone", \.zone, .zone, "The zone of intraday timestamps that name none.")
          .values("`UTC`, a zone such as `Europe/London`, or an offset").example("'+02:00'"),
      ])
  }
}
