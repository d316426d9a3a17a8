/// One parameter of a command, as data: parsing, help and completion are all made from it.
struct ParameterDeclaration: Equatable, Sendable {
  /// How a parameter is given.
  enum Form: Equatable, Sendable {
    /// `--name`, without a value.
    case flag
    /// `--name value`.
    case option
    /// A word by its position.
    case argument
  }

  /// How it is given.
  var form: Form
  /// Its name, without dashes.
  var name: String
  /// Its one-letter name.
  var short: Character?
  /// What stands for the value in help.
  var valueName = ""
  /// What it is for, one sentence.
  var help: String
  /// The default as help shows it.
  var fallback: String?
  /// Whether the command cannot do without it.
  var isRequired = false
  /// Whether it may be given more than once.
  var isRepeated = false
  /// What a shell offers for its value.
  var completion = ArgumentCompletion.none

  /// `--help`, which every command has.
  static let help = ParameterDeclaration(
    form: .flag, name: "help", short: "h", help: "Show this help.")

  /// `--version`, which the program has.
  static let version = ParameterDeclaration(
    form: .flag, name: "version", help: "Show the version.")

  /// How the parameter is written on the command line: `--out`, `<study>`.
  var label: String { form == .argument ? "<\(name)>" : "--\(name)" }
}
