package import BacktestCore
import BacktestEvidence
package import BacktestFiles

extension CrossValidationOutcome {
  /// The schema of its `result.json`.
  package static let schema = "backtestkit.cross-validation/1"

  /// The outcome as `result.json` has it.
  ///
  /// - Throws: `FileError` when a data file cannot be read again for its SHA-256.
  package func json(folder: String) throws(FileError) -> JSONValue {
    json(folder: folder, try ResultRecord.DataFile.all(of: market.universe, study))
  }

  func json(folder: String, _ files: [ResultRecord.DataFile]) -> JSONValue {
    let distributions = result.figureNames.map { name in
      JSONMember(key: name, value: result.distribution(of: name)?.json ?? .null)
    }
    let limits = caveats.map {
      ["code": .text($0.code.rawValue), "message": .text($0.message)] as JSONValue
    }
    let members: [(String, JSONValue)] = [
      ("schema", .text(Self.schema)), ("kind", .text("cross-validation")),
      ("name", .text(study.name)), ("strategy", .text(result.strategy)),
      ("version", .text(BacktestKitVersion.current)), ("fingerprint", .text(result.fingerprint)),
      ("objective", .text(result.objective.name)), ("unit", .text(result.unit)),
      ("count", .integer(result.figures.count)),
      ("distribution", .table(distributions)), ("losing-share", JSONValue(result.losingShare)),
      ("mean-in-sample", JSONValue(result.meanInSample)),
      ("candidates", .integer(result.candidates.count)),
      ("distinct-choices", .integer(result.distinctChoices)), ("trials", trials.json),
      ("limits", .list(limits)),
      ("markets", .list(result.markets.map(market))), ("data", .list(files.map(\.json))),
      ("configuration", configuration), ("degradation", result.degradation?.json ?? .null),
      ("overfitting", overfitting), ("growth", result.growth?.json ?? .null),
      ("splits", .list(result.splits.map(split))),
      ("paths", .list(result.paths.map(path))),
      ("study-folder", .text(relativePath(from: folder, to: study.folder))),
      ("study-file", .text(study.fileName)), ("study", JSONValue(study.document).canonicalStudy),
    ]
    return .table(members.map { JSONMember(key: $0.0, value: $0.1) })
  }

  /// What is known of overfitting: a table, or why there is none.
  private var overfitting: JSONValue {
    switch result.overfitting {
    case .success(let found)?: found.json
    case .failure(let reason)?: ["reason": .text(reason.description)]
    case nil: .null
    }
  }

  /// All rules in effect, defaults included.
  private var configuration: JSONValue {
    let run = study.configuration
    var plan = StudyCrossValidation.table(of: study.strategy).json(
      study.crossValidation ?? StudyCrossValidation())
    plan.set(
      "grid",
      .table(
        result.grid.dimensions.map {
          JSONMember(key: $0.name, value: .list($0.values.map { JSONValue($0) }))
        }))
    var members = [JSONMember(key: "account", value: StudyTable.account.json(run))]
    if run.accounting.placesOrders {
      members.append(JSONMember(key: "execution", value: StudyTable.execution.json(run)))
    }
    if let risk = run.riskJSON { members.append(JSONMember(key: "risk", value: risk)) }
    if let exits = run.exitsJSON { members.append(JSONMember(key: "exits", value: exits)) }
    if case .table(let keys) = StudyTable.run.json(run) { members += keys }
    return .table(members + [JSONMember(key: "cross-validation", value: plan)])
  }

  private func market(_ market: CrossValidationMarket) -> JSONValue {
    [
      "name": .text(market.name), "bars": .integer(market.barCount), "skip": .integer(market.skip),
      "from": .text(market.dates.lowerBound.description),
      "to": .text(market.dates.upperBound.description),
      "bars-per-year": JSONValue(market.barsPerYear),
    ]
  }

  private func split(_ split: CrossValidationSplitResult) -> JSONValue {
    let parameters = split.parameters.values.map {
      JSONMember(key: $0.name, value: JSONValue($0.value))
    }
    return [
      "tests": .text(split.name),
      "test-dates": .list([
        .text(split.testDates.lowerBound.description),
        .text(split.testDates.upperBound.description),
      ]),
      "train-bars": .integer(split.trainCount), "test-bars": .integer(split.testCount),
      "train": split.rows.map { ranges($0.train) } ?? .null,
      "test": split.rows.map { ranges($0.test) } ?? .null,
      "candidate": .integer(split.choice), "parameters": .table(parameters),
      "without-objective": .integer(split.nullCount), "in-sample": JSONValue(split.inSample),
      "out-of-sample": JSONValue(split.test.objective), "figures": figures(split.test),
    ]
  }

  private func path(_ path: CrossValidationPath) -> JSONValue {
    [
      "splits": .list(path.splits.map { .integer($0) }),
      "candidates": .list(path.choices.map { .integer($0) }),
      "out-of-sample": JSONValue(path.test.objective), "figures": figures(path.test),
    ]
  }

  private func figures(_ figures: CrossValidationFigures) -> JSONValue {
    .table(
      CoreRatios.valueNames.map {
        JSONMember(key: $0, value: JSONValue(figures.ratios.values[$0] ?? nil))
      })
  }

  private func ranges(_ ranges: [Range<Int>]) -> JSONValue {
    .list(ranges.map { .list([.integer($0.lowerBound), .integer($0.upperBound)]) })
  }
}

extension CrossValidationOutcome {
  /// Reads a study, or the study in the `result.json` of a cross-validation or of a run, with the
  /// fingerprint of a cross-validation.
  ///
  /// - Throws: what is wrong with the file.
  package static func study(
    _ path: String, overrides: [String], catalogue: StrategyCatalogue
  ) throws(DocumentError) -> (study: Study, isRepeated: Bool, fingerprint: String?) {
    let document = try DocumentReader.read(path: path, acceptsStandardInput: true)
    let base = FileInput.isStandardInput(path) ? "." : folderPath(of: path)
    guard case .table(let entries) = document.content,
      let found = entries.first(where: { $0.key == "schema" })
    else {
      let study = try Study(
        document: document, folder: base, overrides: overrides, catalogue: catalogue)
      return (study, false, nil)
    }
    func text(_ key: String) -> String? {
      guard case .text(let text)? = entries.first(where: { $0.key == key })?.value.content else {
        return nil
      }
      return text
    }
    var (node, way, file): (DocumentNode, String, String?)
    var fingerprint: String?
    if case .text(Self.schema) = found.value.content,
      let study = entries.first(where: { $0.key == "study" })?.value
    {
      (node, way, file) = (study, text("study-folder") ?? ".", text("study-file"))
      fingerprint = text("fingerprint")
    } else {
      let (record, study) = try ResultRecord.read(document)
      (node, way, file) = (study, record.studyFolder, record.studyFile)
    }
    var study = try Study(
      document: node, folder: "\(base)/\(way)", overrides: overrides, catalogue: catalogue)
    study.fileName = file ?? study.fileName
    return (study, true, fingerprint)
  }
}
