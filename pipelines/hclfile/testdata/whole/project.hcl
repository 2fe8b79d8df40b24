project {
  memory          = "256MiB"
  tasks           = 4
  retention       = "30d"
  fingerprint_key = secret.empreinte
  evidence        = connection.local.preuves
  quarantine      = ["age1qqqq"]
  approvers {
    privacy = ["RWToKoBdWZKCHRl/ayPhbIUyxqvIOPrNXqeJvgx2spIDNAOb+os9No1h"]
  }
}

variable "premier" {
  type        = number
  default     = 2023
  description = "Première année."
}

variable "regions" {
  type    = list(text)
  default = ["nord"]
}

locals {
  fin     = local.debut + 2
  debut   = var.premier
  dossier = "subventions"
}

tenants "communes" {
  file      = "communes.csv"
  key       = "insee"
  columns   = { habitants = int64, opendata = bool }
  when      = tenant.hote != ""
  overrides = ["exceptions/*.hcl"]
}

secret "empreinte" {
  env = "LAVOIR_EMPREINTE"
}

secret "finances" {
  for_each = tenants.communes
  age {
    file     = "secrets/${each.key}/finances.age"
    identity = "secrets/key.txt"
  }
}

limits "centre" {
  max = 3
}

connection "postgres" "finances" {
  for_each = tenants.communes
  host     = each.value.hote
  password = secret.finances[each.key]
  limits   = limits.centre
  max      = 2
}

connection "local" "depot" {
  path = "depot"
}

connection "local" "preuves" {
  path = "preuves"
}

contract "conventions" {
  column "id" {
    type = int64
  }
  column "montant" {
    type = decimal(14, 2)
  }
  on_added = "fail"
}

steps "scdl" {
  transform "derive" "scdl" {
    exercice = partition.key
    commune  = each.value.nom
    montant  = row.montant * 1.0
  }
  transform "filter" "positifs" {
    when = row.montant > 0
  }
}

privacy "beneficiaires" {
  public = ["montant", "exercice"]
  identifier "nom" {
    clear_when = contains(["ASSO", "PUBLIC"], row.type_tiers)
    otherwise  = "Personne physique"
  }
}

moved {
  from = pipeline.aides
  to   = pipeline.subventions
}

moved {
  from = tenants.communes["00109"]
  to   = tenants.communes["00101"]
}
