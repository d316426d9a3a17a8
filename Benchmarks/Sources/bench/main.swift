import Glibc

do {
  let options = try BenchOptions(arguments: Array(CommandLine.arguments.dropFirst()))
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
