import BacktestCore
import BacktestEvidence
import BacktestFiles
import BacktestStudies

/// The parameters that all commands over studies share.
struct StudyJobOptions: Sendable {
  var paths: [String]
  var out: String?
  var isForced: Bool
  var overrides: [String]
  var threads: Int?
  var isQuiet: Bool
  var printsJSON: Bool
  var store: StorePlace

  /// - Parameter writesByDefault: whether results go to a folder even when none is named.
  init(_ parameters: inout ParameterReader, writesByDefault: Bool = true) {
    self.init(
      studies: &parameters,
      out: writesByDefault
        ? "Where results go (default: the study's output folder, or Reports/<study>-<command>)."
        : "Where results go (default: nothing is written).")
  }

  /// The parameters of a command that puts shards together instead of reading studies.
  init(merging parameters: inout ParameterReader) {
    paths = []
    overrides = []
    out = Self.out(
      &parameters,
      "Where results go (default: the study's output folder, or Reports/<study>-<command>).")
    isForced = Self.force(&parameters)
    threads = Self.threads(&parameters)
    store = StorePlace(&parameters)
    isQuiet = Self.quiet(&parameters)
    printsJSON = Self.json(&parameters)
  }

  private init(studies parameters: inout ParameterReader, out help: String) {
    paths = parameters.arguments(
      "study", .file(endings: ["yaml", "yml", "json"]), isRequired: true,
      help: "Study files; the result.json of an earlier run runs its study again.")
    out = Self.out(&parameters, help)
    isForced = Self.force(&parameters)
    overrides = parameters.options(
      "set", .text("key=value"),
      help: "Override a key of the study, such as execution.fill=next-close.")
    threads = Self.threads(&parameters)
    store = StorePlace(&parameters)
    isQuiet = Self.quiet(&parameters)
    printsJSON = Self.json(&parameters)
  }

  private static func out(_ parameters: inout ParameterReader, _ help: String) -> String? {
    parameters.optionalOption("out", short: "o", .folder(), help: help)
  }

  private static func force(_ parameters: inout ParameterReader) -> Bool {
    parameters.flag(
      "force",
      help: "Write into a folder that holds another study's result, or something else.")
  }

  private static func threads(_ parameters: inout ParameterReader) -> Int? {
    parameters.optionalOption(
      "threads", .integer("n", .atLeast(1)), help: "Parallel runs (default: all processors).")
  }

  private static func quiet(_ parameters: inout ParameterReader) -> Bool {
    parameters.flag("quiet", short: "q", help: "Print only errors, and JSON with --json.")
  }

  private static func json(_ parameters: inout ParameterReader) -> Bool {
    parameters.flag("json", help: "Print each study's result.json instead of a table.")
  }
}

extension StudyJobOptions {
  /// Does the same to each study; one that fails does not stop the others, and the last message
  /// names those that failed.
  func forEachStudy(
    in context: CommandContext, _ work: (_ path: String) throws -> Void
  ) throws -> ExitCode {
    var failed: [String] = []
    for path in paths {
      try context.checkInterrupt()
      do {
        try work(path)
      } catch let failure as CommandError {
        throw failure
      } catch {
        // What was interrupted has failed for that reason alone.
        try context.checkInterrupt()
        let message = (error as? StudyError)?.message(of: path) ?? "\(error)"
        guard paths.count > 1 else { throw CommandError.input(message) }
        context.report(message)
        failed.append(path)
      }
    }
    if !failed.isEmpty {
      throw CommandError.input(
        "\(failed.count) of \(paths.count) studies failed: " + NumberText.list(failed))
    }
    return .done
  }
}

/// One command over one or more studies: they run one after another, a study that fails does not
/// stop the others, and the last message names those that failed.
struct StudyJob: Sendable {
  var options: StudyJobOptions
  var catalogue: StrategyCatalogue
  /// The kind of run; `nil` takes the one that the file records.
  var kind: ResultRecord.Kind?
  /// The command that is run, as names of folders have it; `nil` follows from the kind.
  var command: String?
  /// The synthetic markets in which the strategy is tried as well.
  var monteCarlo: StudyRunner.MonteCarlo?
  /// The fingerprint that the run must have.
  var expectedFingerprint: RunFingerprint?
  /// Whether results go to a folder even when none is named.
  var writesByDefault = true
  /// What a sensitivity analysis changes; `nil` is everything.
  var sensitivityParts: Set<SensitivityPlan.Part>?
  /// The regimes of a study that names none.
  var defaultRegimes: [Study.RegimeChoice] = []

  func perform(
    in context: CommandContext, show: (StudyOutcome, CommandContext) -> Void = { _, _ in }
  ) throws -> ExitCode {
    var owners: [String: String] = [:]
    return try options.forEachStudy(in: context) { path in
      try perform(path, &owners, context, show)
    }
  }

  private func perform(
    _ path: String, _ owners: inout [String: String], _ context: CommandContext,
    _ show: (StudyOutcome, CommandContext) -> Void
  ) throws {
    var (study, recorded) = try Study.read(
      path, overrides: options.overrides, catalogue: catalogue)
    if study.regimes.isEmpty { study.regimes = defaultRegimes }
    let folder = try folder(for: study, path, isRepeated: recorded != nil)
      .map { try claim($0, for: study, path, &owners) }
    try perform(study, path, kind ?? recorded?.kind ?? .run, folder, context, show)
  }

  /// Does a study whose folder is claimed.
  ///
  /// - Parameter shards: what other processes have done of it.
  func perform(
    _ study: Study, _ path: String, _ kind: ResultRecord.Kind, _ folder: ResultFolder?,
    merging shards: MergedShards? = nil, _ context: CommandContext,
    _ show: (StudyOutcome, CommandContext) -> Void
  ) throws {
    let bars = StageProgress(context, isQuiet: options.isQuiet)
    defer { bars.finish() }
    var runner = StudyRunner(study, threads: options.threads, in: context, showing: bars)
    runner.monteCarlo = monteCarlo
    options.store.open(for: study, &runner, context)
    runner.resultFolder = folder?.path
    if let shards { try options.store.merge(shards, into: &runner, context) }
    let outcome =
      kind == .sensitivity
      ? try runner.sensitivity(of: sensitivityParts) : try runner.outcome(of: kind)
    try context.checkInterrupt()
    let fingerprint = outcome.result.fingerprint
    if let expectedFingerprint, expectedFingerprint != fingerprint {
      throw CommandError(
        status: .fault,
        message: "\(path): the fingerprint is \(fingerprint), not \(expectedFingerprint) as "
          + "expected: this run does not reproduce that one")
    }
    bars.finish()
    options.store.warn(of: outcome.trials, context)
    let record = try folder.map {
      bars.show("\(study.name): writing", 0, of: 0)
      return try outcome.write(to: $0, interrupt: context.interrupt)
    }
    if let folder { options.store.note(folder.path, of: outcome) }
    bars.finish()
    try context.checkInterrupt()
    try present(outcome, record, folder?.path, context, show)
  }

  /// Finds out before the work that its results can be written, and that no other study of this
  /// command writes to the same place.
  func claim(
    _ folder: String, for study: Study, _ path: String, _ owners: inout [String: String]
  ) throws -> ResultFolder {
    let place = relativePath(from: ".", to: folder)
    if let owner = owners[place] {
      throw StudyError(
        .file,
        "\(path): its results would overwrite those of \(owner) in \(folder); give each study "
          + "another output folder")
    }
    owners[place] = path
    return try ResultFolder(folder, for: study, isForced: options.isForced)
  }

  private func present(
    _ outcome: StudyOutcome, _ record: ResultRecord?, _ folder: String?,
    _ context: CommandContext, _ show: (StudyOutcome, CommandContext) -> Void
  ) throws {
    if options.printsJSON {
      let record = try record ?? ResultRecord(outcome, folder: ".")
      context.output.write(record.json(outcome).text)
      return
    }
    guard !options.isQuiet else { return }
    context.output.write(ResultSummary(outcome, on: context.output).text)
    if expectedFingerprint != nil {
      context.output.write("Reproduced: the fingerprint is the expected one.\n")
    }
    show(outcome, context)
    if let folder { context.output.write("\nReport: \(folder)/report.html\n") }
  }

  /// Where the results of a study go; `nil` where they are only shown.
  func folder(
    for study: Study, _ path: String, isRepeated: Bool, command: String? = nil
  ) -> String? {
    let isStandard = FileInput.isStandardInput(path)
    let base = isStandard ? "study" : path.split(separator: "/").last.map(String.init) ?? path
    let end = base.lastIndex(of: ".") ?? base.endIndex
    let name = end == base.startIndex ? base : String(base[..<end])
    if let out = options.out { return options.paths.count > 1 ? "\(out)/\(name)" : out }
    if expectedFingerprint != nil || isRepeated || !writesByDefault { return nil }
    let command = command ?? kind?.command ?? "run"
    return study.outputFolder.map(study.resolved) ?? "Reports/\(name)-\(command)"
  }
}

extension ResultRecord.Kind {
  /// The command that does it.
  fileprivate var command: String {
    switch self {
    case .run: "run"
    case .walkForward: "walkforward"
    case .sweep: "sweep"
    case .sensitivity: "sensitivity"
    }
  }
}

extension StudyRunner {
  /// A runner that shows its progress and ends when the user asks to stop.
  init(_ study: Study, threads: Int?, in context: CommandContext, showing bars: StageProgress) {
    self.init(study, threads: threads)
    interrupt = context.interrupt
    stageProgress = { stage, done, total in
      switch stage {
      case .reading: bars.show("\(study.name): reading", done, of: total)
      case .running: bars.show("\(study.name): running", done, of: total)
      case .walkingForward: bars.show(study.name, done, of: total, isCounted: true)
      case .resampling:
        bars.show("\(study.name): resampling", done, of: total, isCounted: true)
      case .searching:
        bars.show("\(study.name): searching", done, of: total, isCounted: true)
      case .cutting: bars.show("\(study.name): cutting", done, of: total, isCounted: true)
      case .measuring: bars.show("\(study.name): measuring", 0, of: 0)
      }
    }
  }
}

extension Study {
  /// Reads a study, or a `result.json` and the study in it.
  static func read(
    _ path: String, overrides: [String], catalogue: StrategyCatalogue
  ) throws -> (study: Study, recorded: ResultRecord?) {
    let document = try DocumentReader.read(path: path, acceptsStandardInput: true)
    let folder = FileInput.isStandardInput(path) ? "." : folderPath(of: path)
    guard case .table(let entries) = document.content,
      entries.contains(where: { $0.key == "schema" })
    else {
      guard lastPathComponent(of: path) != "result.json" else {
        throw CommandError.input(
          "\(path): this is no result, because it has no 'schema'; run its study again")
      }
      let study = try Study(
        document: document, folder: folder, overrides: overrides, catalogue: catalogue)
      return (study, nil)
    }
    let (record, node) = try ResultRecord.read(document)
    func made(_ overrides: [String]) throws -> Study {
      try Study(
        document: node, folder: "\(folder)/\(record.studyFolder)", overrides: overrides,
        catalogue: catalogue)
    }
    var study = try made(overrides)
    let found = record.overrides(differingFrom: study.strategy.parameters)
    if !found.isEmpty { study = try made(found + overrides) }
    study.fileName = record.studyFile ?? study.fileName
    return (study, record)
  }
}
