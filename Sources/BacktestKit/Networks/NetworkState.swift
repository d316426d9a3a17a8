import BacktestFiles

extension Network {
  /// What evaluations of a network write: the memory of recurrent layers, and room for values
  /// between layers. A copy goes on independently.
  public struct State: Sendable {
    /// The values of all layers; places are those of the program.
    var memory: [Element]
    private let recurrences: [RecurrentPlace]

    init(_ program: NetworkProgram<Element>) {
      memory = [Element](repeating: 0, count: program.memoryCount)
      recurrences = program.recurrences.filter(\.isStateful)
    }

    /// Begins a new episode: recurrent layers start from zeros.
    public mutating func reset() {
      for place in recurrences {
        for level in place.levels {
          for unit in 0..<place.hidden {
            memory[level.hidden + unit] = 0
            if let cell = level.cell { memory[cell + unit] = 0 }
          }
        }
      }
    }

    /// What each stateful layer remembers, in the order of the layers.
    public var recurrent: [RecurrentState<Element>] {
      recurrences.map { place in
        RecurrentState(
          layer: place.name,
          hidden: place.levels.flatMap { memory[$0.hidden..<($0.hidden + place.hidden)] },
          cell: place.levels.flatMap { level in
            level.cell.map { Array(memory[$0..<($0 + place.hidden)]) } ?? []
          })
      }
    }

    /// Goes on from what layers remembered at another time.
    ///
    /// - Throws: `PolicyError` when the layers or their sizes are not those of this network.
    public mutating func restore(_ states: [RecurrentState<Element>]) throws(PolicyError) {
      let found = states.map { "\($0.layer) (\($0.hidden.count), \($0.cell.count))" }
      let wanted = recurrent.map { "\($0.layer) (\($0.hidden.count), \($0.cell.count))" }
      guard found == wanted else {
        throw PolicyError(
          "the network's state is of \(wanted.isEmpty ? "no layers" : listed(wanted, "and")), "
            + "not of \(found.isEmpty ? "no layers" : listed(found, "and")); "
            + "it belongs to another network")
      }
      for (place, state) in zip(recurrences, states) {
        for (index, level) in place.levels.enumerated() {
          for unit in 0..<place.hidden {
            memory[level.hidden + unit] = state.hidden[index * place.hidden + unit]
            if let cell = level.cell {
              memory[cell + unit] = state.cell[index * place.hidden + unit]
            }
          }
        }
      }
    }
  }
}

/// What a recurrent layer remembers, level after level.
public struct RecurrentState<Element: NetworkElement>: Sendable, Equatable {
  /// The layer, such as `policy.1`.
  public var layer: String
  /// The hidden state h, `levels * hidden` numbers.
  public var hidden: [Element]
  /// The cell c, as many numbers; empty for gated recurrent units, which have none.
  public var cell: [Element]

  /// What a recurrent layer remembers.
  public init(layer: String, hidden: [Element], cell: [Element]) {
    self.layer = layer
    self.hidden = hidden
    self.cell = cell
  }
}
