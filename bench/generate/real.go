package main

import "math/rand/v2"

func writeReal(out, real string, rows int) error { _ = rand.IntN; return nil }
