
connection "local" "depot" {
  path = "depot"
}

tenants "communes" {
  values = {
    "00101" = { nom = "Val-Fleuri", logiciel = "egf", ouvert = "oui" }
    "00102" = { nom = "Mont-Brume", logiciel = "ciril", ouvert = "oui" }
    "00103" = { nom = "Les Essarts", logiciel = "autre", ouvert = "non" }
  }
}

pipeline "twice" {
  partition "p" {
    values = ["a", "b", "a"]
  }
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
pipeline "fraction" {
  partition "p" {
    values = [1.5]
  }
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
pipeline "object" {
  partition "p" {
    values = { a = 1 }
  }
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
pipeline "novalues" {
  partition "p" {
  }
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
pipeline "each" {
  for_each = 12
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
pipeline "threshold" {
  max_rejects = "beaucoup"
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
pipeline "quarantine" {
  on_reject = "quarantine"
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
pipeline "reject" {
  on_reject = "ignore"
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
pipeline "reference" {
  for_each = tenants.communes
  authorization {
    allowed   = each.value.ouvert == "oui"
    reference = each.key == "00101" ? "2024-1" : ""
  }
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
pipeline "limit" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
  transform "limit" "x" {
    rows = 0
  }
  transform "limit" "y" {
    rows = "beaucoup"
  }
}
pipeline "noauth" {
  authorization {
    allowed   = "peut-être"
    reference = "x"
  }
  authorization {
    allowed   = true
    reference = "x"
  }
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
