
tenants "communes" {
  values = {
    "00101" = { nom = "Val-Fleuri", logiciel = "egf", habitants = 12 }
  }
  overrides = ["more/*.hcl", "b.hcl", "absent.hcl"]
}
