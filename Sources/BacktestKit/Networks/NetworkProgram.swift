/// A compiled network: steps, weights and how much memory a state takes. Never changed, so copies
/// of a network and all its states share it.
package final class NetworkProgram<Element: NetworkElement>: Sendable {
  package let steps: [NetworkStep]
  let weights: [Element]
  let memoryCount: Int
  let input: RowPlace
  let inputShape: [Int]
  let outputs: [NetworkOutput]
  let recurrences: [RecurrentPlace]
  let dropouts: [DropoutPlace]

  init(
    steps: [NetworkStep], weights: [Element], memoryCount: Int, input: RowPlace,
    inputShape: [Int], outputs: [NetworkOutput], recurrences: [RecurrentPlace],
    dropouts: [DropoutPlace]
  ) {
    self.steps = steps
    self.weights = weights
    self.memoryCount = memoryCount
    self.input = input
    self.inputShape = inputShape
    self.outputs = outputs
    self.recurrences = recurrences
    self.dropouts = dropouts
  }
}

/// Where a head's output is when all steps are done.
struct NetworkOutput: Sendable {
  var head: String
  var shape: [Int]
  var place: RowPlace
}

/// Where the state of a recurrent layer is.
struct RecurrentPlace: Sendable {
  /// The layer, such as `policy.1`.
  var name: String
  var hidden: Int
  var isStateful: Bool
  /// Where each level's hidden state and, for long short-term memory, cell begin.
  var levels: [(hidden: Int, cell: Int?)]
}

/// A dropout layer.
struct DropoutPlace: Sendable {
  var count: Int
  var probability: Double
}
