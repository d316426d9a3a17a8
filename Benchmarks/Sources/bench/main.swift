import Glibc

do {
  let arguments = Array(CommandLine.arguments.dropFirst())
  if arguments.first == "large" {
    try LargeReplay.run(Array(arguments.dropFirst()))
    exit(0)
  }
  if arguments.first == "gate-noise" {
    try GateNoise.run(Array(arguments.dropFirst()))
    exit(0)
  }
  let options = try BenchOptions(arguments: arguments)
  for workload in options.workloads {
    let data = BenchData(directory: options.dataDirectory, isSmoke: options.isSmoke)
    for measurement in try workload.init().run(on: data, repeats: options.repeats) {
      print(measurement.jsonLine(workload: workload.name, data: data, repeats: options.repeats))
    }
  }
} catch {
  let message = Array("bench: \(error)\n".utf8)
  _ = write(STDERR_FILENO, message, message.count)
  exit(2)
}
