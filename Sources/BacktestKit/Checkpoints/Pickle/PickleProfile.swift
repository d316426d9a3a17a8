/// A name that a pickle may hold. None is ever looked up or called: each only marks what the reader
/// itself does with the values that follow.
enum PickleGlobal: Hashable {
  case orderedDictionary
  case rebuildTensor
  case rebuildParameter
  case storage(TensorElementType)
  case arrayFromBuffer
  case arrayReconstruct
  case scalar
  /// The bytes of a text whose characters are bytes: how protocol 2 writes bytes.
  case latinBytes
  case elementType
  case arrayClass
  /// A class or function of which only the name is kept.
  case inert(String)
}

/// What the pickles of one kind of file may hold: protocols, opcodes and names, all as lists of
/// what is allowed. A list of forbidden names could be circumvented.
struct PickleProfile: Sendable {
  /// The highest protocol.
  let highestProtocol: Int
  /// The opcodes besides those of all profiles.
  private let opcodes: Set<UInt8>
  /// Names as `module name`.
  private let globals: [String: PickleGlobal]

  /// The protocols, for messages.
  var protocols: String { highestProtocol == 2 ? "2" : "2 to \(highestProtocol)" }

  /// Whether an opcode may occur.
  func allows(_ opcode: UInt8) -> Bool {
    Self.commonOpcodes.contains(opcode) || opcodes.contains(opcode)
  }

  /// The listed name, or `nil`. Both parts must match completely, so dots in a name have no effect.
  func global(_ module: String, _ name: String) -> PickleGlobal? { globals["\(module) \(name)"] }
}

extension PickleProfile {
  /// The state dictionary in a zip archive of PyTorch, and the numbers of NumPy and containers that
  /// training scripts store beside it.
  static let torch = PickleProfile(
    highestProtocol: 2, opcodes: [0x51],
    globals: torchGlobals.merging(containers) { first, _ in first }
      .merging(arrayGlobals) { first, _ in first }.merging(plainGlobals) { first, _ in first })

  /// A dictionary of NumPy arrays, as RLlib keeps its modules.
  static let arrays = PickleProfile(
    highestProtocol: 5, opcodes: modernOpcodes,
    globals: arrayGlobals.merging(containers) { first, _ in first })

  /// The running statistics of Stable-Baselines3.
  static let vecNormalize = PickleProfile(
    highestProtocol: 5, opcodes: modernOpcodes.union([0x81]),
    globals: arrayGlobals.merging(containers) { first, _ in first }
      .merging(inertGlobals) { first, _ in first })

  /// The opcodes of PyTorch's state dictionaries, except the one for references to storages.
  private static let commonOpcodes: Set<UInt8> = [
    0x80, 0x2E, 0x28, 0x63, 0x71, 0x72, 0x68, 0x6A, 0x4E, 0x88, 0x89, 0x4B, 0x4D, 0x4A, 0x8A, 0x47,
    0x58, 0x29, 0x5D, 0x7D, 0x74, 0x85, 0x86, 0x87, 0x61, 0x65, 0x73, 0x75, 0x52, 0x62,
  ]

  /// Frames, short texts, numbered memo entries, names from the stack, and bytes.
  private static let modernOpcodes: Set<UInt8> = [0x95, 0x8C, 0x94, 0x93, 0x42, 0x43, 0x8E, 0x96]

  private static let containers: [String: PickleGlobal] = [
    "collections OrderedDict": .orderedDictionary
  ]

  private static let torchGlobals: [String: PickleGlobal] = [
    "torch._utils _rebuild_tensor_v2": .rebuildTensor,
    "torch._utils _rebuild_parameter": .rebuildParameter,
    "torch FloatStorage": .storage(.float32), "torch DoubleStorage": .storage(.float64),
    "torch HalfStorage": .storage(.float16), "torch BFloat16Storage": .storage(.bfloat16),
    "torch LongStorage": .storage(.int64), "torch IntStorage": .storage(.int32),
    "torch ShortStorage": .storage(.int16), "torch CharStorage": .storage(.int8),
    "torch ByteStorage": .storage(.uint8), "torch BoolStorage": .storage(.boolean),
  ]

  /// Under the module names of NumPy 2 and of NumPy 1.
  private static let arrayGlobals: [String: PickleGlobal] = [
    "numpy dtype": .elementType, "numpy ndarray": .arrayClass,
    "numpy._core.numeric _frombuffer": .arrayFromBuffer,
    "numpy.core.numeric _frombuffer": .arrayFromBuffer,
    "numpy._core.multiarray _reconstruct": .arrayReconstruct,
    "numpy.core.multiarray _reconstruct": .arrayReconstruct,
    "numpy._core.multiarray scalar": .scalar, "numpy.core.multiarray scalar": .scalar,
  ]

  /// Bytes, sets, shapes and devices. A set or a device is kept as a name with its parts.
  private static let plainGlobals: [String: PickleGlobal] = [
    "_codecs encode": .latinBytes,
    "__builtin__ set": .inert("set"), "builtins set": .inert("set"),
    "__builtin__ frozenset": .inert("frozenset"), "builtins frozenset": .inert("frozenset"),
    "torch Size": .inert("torch.Size"), "torch device": .inert("torch.device"),
  ]

  private static let inertClasses: [String] =
    [
      "stable_baselines3.common.vec_env.vec_normalize VecNormalize",
      "stable_baselines3.common.running_mean_std RunningMeanStd",
    ]
    + ["gymnasium", "gym"].flatMap { library in
      [
        "box Box", "discrete Discrete", "multi_discrete MultiDiscrete", "multi_binary MultiBinary",
        "dict Dict",
      ].map { "\(library).spaces.\($0)" }
    }

  private static let inertGlobals: [String: PickleGlobal] = Dictionary(
    uniqueKeysWithValues: (inertClasses + [
      "numpy.random._pickle __generator_ctor", "numpy.random._pickle __bit_generator_ctor",
      "numpy.random._pcg64 PCG64", "numpy.random.bit_generator SeedSequence",
      "numpy.random.bit_generator __pyx_unpickle_SeedSequence",
    ]).map { ($0, .inert($0)) })
}
