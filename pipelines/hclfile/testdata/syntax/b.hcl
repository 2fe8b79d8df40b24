pipeline "b" {
  steps = steps.absent
}
