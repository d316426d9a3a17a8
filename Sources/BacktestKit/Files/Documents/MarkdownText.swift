/// Text from elsewhere inside a Markdown document.
package enum MarkdownText {
  /// The text without any meaning in Markdown or HTML, on one line; names are not mentions.
  package static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n", "\r", "\t", "\u{85}", "\u{2028}", "\u{2029}": escaped += " "
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "&": escaped += "&amp;"
      case "@": escaped += "&#64;"
      case "\\", "`", "*", "_", "[", "]", "|", "~", "#", "$":
        escaped += "\\"
        escaped.unicodeScalars.append(scalar)
      // These would turn round the text after a name as well; other controls mean nothing.
      case "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}", "\u{0}"..<" ", "\u{7F}"..."\u{9F}":
        escaped += "\u{FFFD}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
