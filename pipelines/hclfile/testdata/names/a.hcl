
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

variable "bucket" {
  type    = text
  default = "x"
}
locals {
  dossier = var.buckett
}
locals {
  dossier = "again"
}
secret "cle" {
  env = "CLE"
}
steps "communs" {
  transform "filtre" "x" {
    when = true
  }
}
pipeline "a" {
  source "file" "lignes" {
    connection = connection.local.depots
    path       = "${each.key}/${partition.key}/${lcal.x}"
    format "cvs" {}
    typo = 1
  }
  transform "join" "x" {
    with = source.file.ligne
    on   = ["id"]
  }
  transform "filter" "y" {
    wen = row.a > 1
  }
  transform "filter" "y" {
    when = row.a > secret.clef
  }
  transform "filter" {
    when = true
  }
  steps = steps.commun
  titre = "x"
  autorisation {
    allowed = true
  }
  privacy {
    public = ["id"]
  }
  load "local" "portail" {
    connection = connection.local.depot
    prefix     = "x"
    file "csv" {}
  }
}
pipeline "b" {
  title = upperr("x")
  source "file" "lignes" {
    conection = connection.local.depot
    path      = join(",", local.nothing)
    format "cvs" {}
  }
}
pipeline "c" {
  title = upperr("x")
  source "file" "lignes" {
    conection = connection.local.depot
    path      = row.a
    format "cvs" {}
  }
}
nonsense "x" {
}
pipeline "b" {
  source "file" "lignes" {
    connection = connection.local.depot
    path       = "lignes.csv"
    format "csv" {}
  }
}
