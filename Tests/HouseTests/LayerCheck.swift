/// A module of the library, with its rooms from the ground up.
struct HouseModule: Sendable {
  let name: String
  /// The module's folder in `Sources/BacktestKit`.
  let folder: String
  /// The folders in it, in their order; none where the files lie in the module's folder itself.
  let rooms: [String]

  /// All modules from the ground up; `BacktestKit` only passes those before it on.
  static let all = [
    HouseModule(
      name: "BacktestCore", folder: "Core",
      rooms: [
        "Base", "Calendars", "Market", "Indicators", "Events", "Portfolio", "Execution", "Risk",
        "Strategy", "Results", "Engine",
      ]),
    HouseModule(
      name: "BacktestFiles", folder: "Files", rooms: ["Files", "Documents", "Processes"]),
    HouseModule(
      name: "BacktestIngest", folder: "Ingest",
      rooms: ["Calendars", "Quality", "Cache", "CSV", "Actions"]),
    HouseModule(
      name: "BacktestCheckpoints", folder: "Checkpoints",
      rooms: ["Tensors", "Zip", "Pickle", "ONNX", "Formats"]),
    HouseModule(
      name: "BacktestNetworks", folder: "Networks",
      rooms: ["Definition", "Evaluation", "Compiler", "ONNX"]),
    HouseModule(
      name: "BacktestEvidence", folder: "Evidence",
      rooms: [
        "Statistics", "Forecasts", "Metrics", "Bootstrap", "Overfitting", "Regimes", "Validation",
        "Robustness", "Gates",
      ]),
    HouseModule(
      name: "BacktestPolicies", folder: "Policies",
      rooms: [
        "Manifest", "Observation", "Actions", "Strategies", "Loading", "Import", "External",
        "Training",
      ]),
    HouseModule(
      name: "BacktestReports", folder: "Reports",
      rooms: ["Markup", "Charts", "Model", "Sections", "Comparison"]),
    HouseModule(
      name: "BacktestStudies", folder: "Studies", rooms: ["Schema", "Store", "Results", "Running"]),
    HouseModule(name: "BacktestCommands", folder: "Commands", rooms: ["Framework", "Commands"]),
    HouseModule(name: "BacktestKit", folder: "BacktestKit", rooms: []),
    HouseModule(name: "BacktestEnvironment", folder: "Environment", rooms: []),
  ]
}

/// Where a file of the library lies.
struct HousePlace: Comparable, Sendable, CustomStringConvertible {
  /// The module's number from the ground up.
  let module: Int
  /// The room's number in its module.
  let room: Int

  /// The place of a file, `nil` where it lies in no room.
  init?(path: String) {
    let parts = path.split(separator: "/").map(String.init)
    guard parts.count > 3, parts[0] == "Sources", parts[1] == "BacktestKit",
      let module = HouseModule.all.firstIndex(where: { $0.folder == parts[2] })
    else { return nil }
    let rooms = HouseModule.all[module].rooms
    guard let room = rooms.isEmpty ? 0 : rooms.firstIndex(of: parts[3]) else { return nil }
    self.module = module
    self.room = room
  }

  static func < (a: HousePlace, b: HousePlace) -> Bool {
    (a.module, a.room) < (b.module, b.room)
  }

  var description: String {
    let module = HouseModule.all[module]
    return module.rooms.isEmpty ? module.folder : module.folder + "/" + module.rooms[room]
  }
}

/// Two rooms of a module that may know each other for now, and why.
struct RoomAllowance: Sendable, Hashable {
  let room: String
  let names: String
  let reason: String

  /// All of them; one that is no longer needed is an error too.
  static let all: [RoomAllowance] = []
}

/// Finds files that name a type of a room or a module above their own.
///
/// It goes by names: a type is known by the word that declares it at the outermost level of a file.
/// A word after a dot is a member, and a word that a file declares itself means that declaration.
struct LayerCheck {
  let files: [SourceText]
  /// The place of each type at the outermost level.
  let placeOfType: [String: HousePlace]

  init(_ files: [SourceText]) {
    self.files = files
    var places: [String: HousePlace] = [:]
    for file in files {
      let place = HousePlace(path: file.path)
      for type in file.typeDeclarations where type.depth == 0 { places[type.name] = place }
    }
    placeOfType = places
  }

  /// What breaks the order, but for what is allowed; and what is allowed without need.
  func findings(allowing allowances: [RoomAllowance]) -> (
    findings: [SourceFinding], unused: Set<RoomAllowance>
  ) {
    var unused = Set(allowances)
    var findings: [SourceFinding] = []
    for file in files {
      guard let place = HousePlace(path: file.path) else {
        findings.append(file.finding(1, "lies in no room of the house"))
        continue
      }
      for (finding, other) in upwardNames(in: file, at: place) {
        let allowance = allowances.first {
          $0.room == place.description && $0.names == other.description
        }
        if let allowance { unused.remove(allowance) } else { findings.append(finding) }
      }
    }
    return (findings, unused)
  }

  private func upwardNames(
    in file: SourceText, at place: HousePlace
  ) -> [(SourceFinding, HousePlace)] {
    let own = Set(file.typeDeclarations.map(\.name))
    var seen: Set<SourceFinding> = []
    return file.elements.indices.compactMap { index in
      let element = file.elements[index]
      guard element.isWord, let other = placeOfType[element.text], other > place,
        !own.contains(element.text), !file.isMember(index)
      else { return nil }
      let finding = file.finding(element.line, "names \(element.text), declared in \(other)")
      return seen.insert(finding).inserted ? (finding, other) : nil
    }
  }

  /// Type names that stand twice at the outermost level; names have to tell types apart.
  func repeatedNames() -> [SourceFinding] {
    var first: [String: String] = [:]
    var findings: [SourceFinding] = []
    for file in files {
      for type in file.typeDeclarations where type.depth == 0 {
        if let place = first[type.name] {
          findings.append(file.finding(type.line, "declares \(type.name) again, as \(place) does"))
        } else {
          first[type.name] = "\(file.path):\(type.line)"
        }
      }
    }
    return findings
  }
}
