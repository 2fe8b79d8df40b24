//go:build unix && !linux

package cli

func undumpable() {}

func freeDisk(string) (bytes uint64, known bool) { return 0, false }
