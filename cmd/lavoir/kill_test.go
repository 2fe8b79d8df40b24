package main

import "os"

func killedMain() { os.Exit(99) }
