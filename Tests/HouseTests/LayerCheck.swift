/// The rooms of the library and the floor on which each lies.
enum HouseRooms {
  static let floors: [String: Int] = [
    "Base": 1, "Market": 2, "Events": 3, "Indicators": 3, "Checkpoints": 3, "Portfolio": 4,
    "Execution": 5, "Risk": 5, "Strategy": 6, "Engine": 7, "Policies": 7, "Metrics": 8,
    "Regimes": 9, "Validation": 10, "Reports": 11, "Studies": 12, "Commands": 13,
  ]
}

/// Finds rooms that name a type of a room beside or above them.
///
/// It goes by names: a type is known by the word that declares it at the outermost level of a file.
/// A word after a dot is a member, and a word that a file declares itself means that declaration.
struct LayerCheck {
  let files: [SourceText]
  /// The room of each type at the outermost level.
  let roomOfType: [String: String]

  init(_ files: [SourceText]) {
    self.files = files
    var rooms: [String: String] = [:]
    for file in files {
      for type in file.typeDeclarations where type.depth == 0 { rooms[type.name] = file.room }
    }
    roomOfType = rooms
  }

  func findings() -> [SourceFinding] { files.flatMap(findings(in:)) }

  private func findings(in file: SourceText) -> [SourceFinding] {
    guard let room = file.room, let floor = HouseRooms.floors[room] else {
      return [file.finding(1, "lies in no room of the house")]
    }
    let own = Set(file.typeDeclarations.map(\.name))
    var seen: Set<SourceFinding> = []
    return file.elements.indices.compactMap { index in
      let element = file.elements[index]
      guard element.isWord, let other = roomOfType[element.text], other != room,
        !own.contains(element.text), !file.isMember(index),
        let otherFloor = HouseRooms.floors[other], otherFloor >= floor
      else { return nil }
      let finding = file.finding(element.line, "names \(element.text), declared in \(other)")
      return seen.insert(finding).inserted ? finding : nil
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
