@testable import BacktestNetworks
import TestSupport
import Glibc
import Testing

/// The exponential functions against wider ones of the C library, over millions of arguments where
/// the tests are optimised, and over thousands where they are not.
struct VectorExponentialsTests {
  #if DEBUG
    private static let count = 4_000
  #else
    private static let count = 4_000_000
  #endif

  private static func logistic(_ x: Double) -> Double {
    x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
  }

  @Test func floatsAreWithinFourUnits() {
    let functions: [(String, (SIMD8<Float>) -> SIMD8<Float>, (Double) -> Double)] = [
      ("tanh", { $0.hyperbolicTangent() }, { tanh($0) }),
      ("exp", { $0.exponential() }, { exp($0) }), ("sigmoid", { $0.logistic() }, Self.logistic),
      ("expm1", { $0.negativeExponentialMinusOne() }, { expm1(min($0, 0)) }),
    ]
    for (name, function, reference) in functions {
      var worst = (units: 0.0, at: Float(0))
      var arguments = FloatArguments()
      for _ in 0..<(Self.count / 8) {
        var lanes = SIMD8<Float>()
        for lane in 0..<8 { lanes[lane] = arguments.next() }
        let results = function(lanes)
        for lane in 0..<8 {
          let units = Self.units(results[lane], reference(Double(lanes[lane])))
          if !(units <= worst.units) { worst = (units, lanes[lane]) }
        }
      }
      #expect(worst.units <= 4, "\(name): \(worst.units) units at \(worst.at)")
    }
  }

  /// How many units in the last place a result is away from the true value.
  private static func units(_ result: Float, _ expected: Double) -> Double {
    if result.isNaN || expected.isNaN { return result.isNaN && expected.isNaN ? 0 : .infinity }
    let nearest = Float(expected)
    if !nearest.isFinite || !result.isFinite { return nearest == result ? 0 : .infinity }
    return abs(Double(result) - expected) / Double(nearest.ulp)
  }

  @Test func specialArguments() {
    let x = SIMD8<Float>(
      .infinity, -.infinity, .nan, 0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 3e38)
    let tangent = x.hyperbolicTangent()
    #expect(tangent[0] == 1 && tangent[1] == -1 && tangent[2].isNaN && tangent[7] == 1)
    #expect(tangent[3] == 0 && tangent[3].sign == .plus && tangent[4].sign == .minus)
    #expect(tangent[5] == .leastNonzeroMagnitude && tangent[6] == -.leastNonzeroMagnitude)
    let power = x.exponential()
    #expect(power[0] == .infinity && power[1] == 0 && power[2].isNaN && power[3] == 1)
    #expect(power[4] == 1 && power[5] == 1 && power[6] == 1 && power[7] == .infinity)
    let share = x.logistic()
    #expect(share[0] == 1 && share[1] == 0 && share[2].isNaN && share[3] == 0.5 && share[4] == 0.5)
    let wide = SIMD4<Double>(.infinity, -.infinity, .nan, -0.0)
    #expect(wide.hyperbolicTangent()[0] == 1 && wide.hyperbolicTangent()[1] == -1)
    #expect(wide.hyperbolicTangent()[2].isNaN && wide.hyperbolicTangent()[3].sign == .minus)
    #expect(wide.exponential()[0] == .infinity && wide.exponential()[1] == 0)
    #expect(wide.exponential()[2].isNaN && wide.exponential()[3] == 1)
    #expect(wide.logistic()[0] == 1 && wide.logistic()[1] == 0 && wide.logistic()[2].isNaN)
    #expect(SIMD4<Double>(repeating: -745).exponential()[0] == .leastNonzeroMagnitude)
    #expect(SIMD4<Double>(repeating: -740).logistic()[0] == exp(-740))
  }

  #if arch(x86_64)
    @Test func doublesAreWithinFourUnits() {
      let functions: [(String, (SIMD4<Double>) -> SIMD4<Double>, (Float80) -> Float80)] = [
        ("tanh", { $0.hyperbolicTangent() }, { tanhl($0) }),
        ("exp", { $0.exponential() }, { expl($0) }),
        (
          "sigmoid", { $0.logistic() },
          { $0 >= 0 ? 1 / (1 + expl(-$0)) : expl($0) / (1 + expl($0)) }
        ), ("expm1", { $0.negativeExponentialMinusOne() }, { expm1l(min($0, 0)) }),
      ]
      for (name, function, reference) in functions {
        var worst = (units: 0.0, at: 0.0)
        var arguments = DoubleArguments()
        for _ in 0..<(Self.count / 4) {
          var lanes = SIMD4<Double>()
          for lane in 0..<4 { lanes[lane] = arguments.next() }
          let results = function(lanes)
          for lane in 0..<4 {
            let units = Self.units(results[lane], reference(Float80(lanes[lane])))
            if !(units <= worst.units) { worst = (units, lanes[lane]) }
          }
        }
        #expect(worst.units <= 4, "\(name): \(worst.units) units at \(worst.at)")
      }
    }

    private static func units(_ result: Double, _ expected: Float80) -> Double {
      if result.isNaN || expected.isNaN { return result.isNaN && expected.isNaN ? 0 : .infinity }
      let nearest = Double(expected)
      if !nearest.isFinite || !result.isFinite { return nearest == result ? 0 : .infinity }
      return Double(abs(Float80(result) - expected) / Float80(nearest.ulp))
    }
  #endif
}

/// Numbers of every size, most of them where the functions bend, some next to where they end.
private struct DoubleArguments {
  private var random = TestRandom(seed: 11)
  private var turn = 0

  mutating func next() -> Double {
    turn += 1
    let unit = Double(random.next() >> 11) * 0x1p-53
    let sign = random.below(2) == 0 ? -1.0 : 1.0
    switch turn % 5 {
    case 0: return sign * unit * 3
    case 1: return sign * unit * 40
    case 2: return sign * unit * 760
    case 3: return sign * exp(unit * 1_450 - 744)
    default:
      // Any pattern of bits, infinities and what is not a number among them.
      return Double(bitPattern: random.next())
    }
  }
}

private struct FloatArguments {
  private var random = TestRandom(seed: 12)
  private var turn = 0

  mutating func next() -> Float {
    turn += 1
    let unit = Float(random.next() >> 40) * 0x1p-24
    let sign: Float = random.below(2) == 0 ? -1 : 1
    switch turn % 5 {
    case 0: return sign * unit * 3
    case 1: return sign * unit * 20
    case 2: return sign * unit * 110
    case 3: return sign * expf(unit * 190 - 103)
    default: return Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
    }
  }
}
