extension JSONValue {
  /// The value of a key of a table.
  package subscript(key: String) -> JSONValue? {
    guard case .table(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// Sets a key of a table, at its end unless told or there already.
  package mutating func set(_ key: String, _ value: JSONValue, first: Bool = false) {
    guard case .table(var members) = self else { return }
    if let place = members.firstIndex(where: { $0.key == key }) {
      members[place].value = value
    } else {
      members.insert(JSONMember(key: key, value: value), at: first ? 0 : members.count)
    }
    self = .table(members)
  }

  /// Takes a key out of a table.
  package mutating func remove(_ key: String) -> JSONValue? {
    guard case .table(var members) = self,
      let place = members.firstIndex(where: { $0.key == key })
    else { return nil }
    let value = members.remove(at: place).value
    self = .table(members)
    return value
  }
}
