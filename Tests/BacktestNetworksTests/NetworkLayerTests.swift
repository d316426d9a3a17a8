@testable import BacktestCheckpoints
@testable import BacktestNetworks
import TestSupport
import Testing

/// Layers one by one, against numbers worked out by hand or to many digits elsewhere.
struct NetworkLayerTests {
  private func tensor(_ name: String, _ shape: [Int], _ values: [Double]) -> NamedTensor {
    NamedTensor(name: name, shape: shape, doubles: values)
  }

  private func output<Element: NetworkElement>(
    _ layers: [NetworkLayer], _ tensors: [NamedTensor] = [], shape: [Int], _ input: [Double],
    as _: Element.Type
  ) throws -> (values: [Double], shape: [Int]) {
    let network = try Network<Element>(
      NetworkDefinition(heads: [.init(name: "policy", layers: layers)]), head: "policy",
      weights: TensorArchive(tensors), inputShape: shape)
    var state = network.makeState()
    let output = network.evaluate(input.map { Element($0) }, state: &state)
    return (output.map { Double($0) }, network.outputShape)
  }

  private func expect(
    _ layers: [NetworkLayer], _ tensors: [NamedTensor] = [], shape: [Int], _ input: [Double],
    gives expected: [Double], shaped outputShape: [Int]? = nil
  ) throws {
    let exact = try output(layers, tensors, shape: shape, input, as: Double.self)
    #expect(exact.values.count == expected.count)
    #expect(zip(exact.values, expected).allSatisfy(NetworkTolerance.isClose), "\(exact.values)")
    #expect(exact.shape == outputShape ?? [expected.count])
    let single = try output(layers, tensors, shape: shape, input, as: Float.self)
    #expect(zip(single.values, expected).allSatisfy(NetworkTolerance.isNear), "\(single.values)")
  }

  @Test func functionsOfOneNumber() throws {
    let x = [-30.0, -2, -0.5, 0, 0.5, 2, 30]
    try expect([.relu], shape: [7], x, gives: [0, 0, 0, 0, 0.5, 2, 30])
    try expect([.leakyReLU()], shape: [7], x, gives: [-0.3, -0.02, -0.005, 0, 0.5, 2, 30])
    try expect(
      [.leakyReLU(slope: 0.25)], shape: [7], x, gives: [-7.5, -0.5, -0.125, 0, 0.5, 2, 30])
    try expect(
      [.hardtanh(min: -1, max: 2.5)], shape: [7], x, gives: [-1, -1, -0.5, 0, 0.5, 2, 2.5])
    try expect(
      [.sigmoid], shape: [7], x,
      gives: [
        9.357622968839299e-14, 0.1192029220221176, 0.3775406687981454, 0.5, 0.6224593312018546,
        0.8807970779778824, 0.9999999999999064,
      ])
    try expect(
      [.tanh], shape: [7], x,
      gives: [
        -1, -0.9640275800758169, -0.46211715726000975, 0, 0.46211715726000975, 0.9640275800758169,
        1,
      ])
    try expect(
      [.elu], shape: [7], x,
      gives: [-0.9999999999999064, -0.8646647167633873, -0.3934693402873666, 0, 0.5, 2, 30])
    try expect(
      [.silu], shape: [7], x,
      gives: [
        -2.8072868906517896e-12, -0.2384058440442351, -0.1887703343990727, 0, 0.3112296656009273,
        1.7615941559557649, 29.999999999997193,
      ])
    try expect(
      [.gelu], shape: [7], x,
      gives: [
        0, -0.045500263896358417, -0.15426876936299344, 0, 0.34573123063700656, 1.9544997361036416,
        30,
      ])
  }

  /// A small number below zero keeps its digits, which e^x - 1 as written would lose.
  @Test func eluIsAccurateNextToZero() throws {
    let tiny = try output([.elu], shape: [2], [-1e-12, -1e-3], as: Double.self).values
    #expect(abs(tiny[0] / -9.999999999995e-13 - 1) < 1e-15)
    #expect(abs(tiny[1] / -9.995001666250083e-04 - 1) < 1e-15)
  }

  @Test func softmaxIsOfEachRowAndDoesNotOverflow() throws {
    let three = [0.09003057317038046, 0.24472847105479764, 0.6652409557748218]
    try expect([.softmax], shape: [3], [1, 2, 3], gives: three)
    try expect([.softmax], shape: [3], [1_001, 1_002, 1_003], gives: three)
    try expect(
      [.softmax], shape: [2, 3], [1, 2, 3, -5, -5, -5], gives: three + [1, 1, 1].map { $0 / 3 },
      shaped: [2, 3])
    // On its side the last dimension is time.
    try expect(
      [.transposeTimeChannel, .softmax], shape: [3, 2], [1, -5, 2, -5, 3, -5],
      gives: three + [1, 1, 1].map { $0 / 3 }, shaped: [2, 3])
  }

  @Test func shapesAreTurnedAndFlattened() throws {
    let input = [1.0, 2, 3, 4, 5, 6]
    try expect([.flatten], shape: [3, 2], input, gives: input)
    try expect([.flatten], shape: [1, 3, 2], input, gives: input)
    try expect(
      [.transposeTimeChannel, .flatten], shape: [3, 2], input, gives: [1, 3, 5, 2, 4, 6])
    try expect([.lastStep], shape: [3, 2], input, gives: [5, 6])
    try expect([.transposeTimeChannel, .lastStep], shape: [3, 2], input, gives: [2, 4, 6])
    try expect(
      [.transposeTimeChannel, .relu, .transposeTimeChannel], shape: [3, 2], input, gives: input,
      shaped: [3, 2])
  }

  @Test func linearWorksOnEachRow() throws {
    let tensors = [
      tensor("a.weight", [2, 3], [1, 0, -1, 2, 1, 0]), tensor("a.bias", [2], [10, 20]),
    ]
    try expect([.linear(params: "a")], tensors, shape: [3], [1, 2, 3], gives: [8, 24])
    try expect(
      [.linear(params: "a"), .flatten], tensors, shape: [2, 3], [1, 2, 3, 0, 0, 5],
      gives: [8, 24, 5, 20])
  }

  /// Two channels, three outputs would be too easy to confuse: one output of kernel 2.
  @Test func convolutionsStrideAndPad() throws {
    let tensors = [
      tensor("c.weight", [1, 2, 2], [1, 10, 100, 1_000]), tensor("c.bias", [1], [0.5]),
    ]
    let input = [1.0, 2, 3, 4, 5, 6, 7, 8]
    try expect(
      [.conv1d(params: "c", kernel: 2)], tensors, shape: [2, 4], input,
      gives: [6_521.5, 7_632.5, 8_743.5], shaped: [1, 3])
    try expect(
      [.conv1d(params: "c", kernel: 2, stride: 2, padding: 1)], tensors, shape: [2, 4], input,
      gives: [5_010.5, 7_632.5, 804.5], shaped: [1, 3])
  }

  @Test func normsUseBiasedVariance() throws {
    let layer = [tensor("n.weight", [4], [1, 1, 1, 2]), tensor("n.bias", [4], [0, 0, 0, 1])]
    let deviation = (1.25 + 1e-5).squareRoot()
    try expect(
      [.layerNorm(params: "n")], layer, shape: [4], [1, 2, 3, 4],
      gives: [-1.5 / deviation, -0.5 / deviation, 0.5 / deviation, 3 / deviation + 1])
    let batch = [
      tensor("n.weight", [2], [2, 1]), tensor("n.bias", [2], [1, 0]),
      tensor("n.running_mean", [2], [3, -1]), tensor("n.running_var", [2], [3.75, 0.75]),
    ]
    try expect(
      [.batchNorm(params: "n", eps: 0.25)], batch, shape: [2, 2], [3, 5, -1, 0],
      gives: [1, 3, 0, 1], shaped: [2, 2])
    try expect([.batchNorm(params: "n", eps: 0.25)], batch, shape: [2], [5, 0], gives: [3, 1])
  }

  /// h' = (1 - z) n + z h with one unit and gates r, z, n, twice.
  @Test func gatedRecurrentUnitsKeepTheirTwoBiasesApart() throws {
    let tensors = [
      tensor("g.weight_ih_l0", [3, 1], [0, 0, 1]), tensor("g.weight_hh_l0", [3, 1], [0, 0, 2]),
      tensor("g.bias_ih_l0", [3], [0, 0, 0.25]), tensor("g.bias_hh_l0", [3], [0, 0, 0.5]),
    ]
    // r = z = 1/2: n = tanh(x + 0.25 + (2 h + 0.5) / 2).
    let first = 0.5 * 0.9051482536448664
    let second = 0.5 * 0.7409461951000711 + 0.5 * first
    try expect(
      [.gru(params: "g", hidden: 1), .flatten], tensors, shape: [2, 1], [1, 0],
      gives: [first, second])
  }

  /// Two heads, each of width 1; with equal keys every row gets the mean of the values.
  @Test func attentionMixesRowsHeadByHead() throws {
    let tensors = [
      tensor(
        "a.in_proj_weight", [6, 2],
        [
          1, 0, 0, 0,  // queries: the first head asks with x0, the second with nothing
          1, 0, 0, 0,  // keys
          1, 0, 0, 1,  // values
        ]), tensor("a.in_proj_bias", [6], [0, 0, 0, 0, 0, 0]),
      tensor("a.out_proj.weight", [2, 2], [1, 0, 0, 1]), tensor("a.out_proj.bias", [2], [0, 0.5]),
    ]
    // Rows x0 = 0 and 1: scores of the second row are 0 and 1.
    let weight = 0.7310585786300049
    try expect(
      [.selfAttention(params: "a", heads: 2), .flatten], tensors, shape: [2, 2], [0, 4, 1, 8],
      gives: [0.5, 6.5, weight, 6.5])
    try expect(
      [.selfAttention(params: "a", heads: 2), .lastStep], tensors, shape: [2, 2], [0, 4, 1, 8],
      gives: [weight, 6.5])
  }
}
