
locals {
  a = local.b
  b = "${local.c}"
  c = tenants.t["x"].v
  d = local.a
  e = local["e"]
}
tenants "t" {
  values = { x = { v = local.a } }
}
