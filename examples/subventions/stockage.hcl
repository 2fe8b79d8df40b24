# Le même jeu de données dans un stockage compatible S3. Rien ne part tant que
# publier_s3 n'est pas vrai :
#
#   lavoir run examples/subventions --pipeline subventions_s3 -var publier_s3=true \
#     -var s3_endpoint=https://s3.example.org -var s3_bucket=opendata
#
# Le bloc source est celui de subventions.hcl, recopié : les étapes et la politique
# se partagent entre pipelines, une source se lit dans le sien.

variable "publier_s3" {
  type    = bool
  default = false
}

variable "s3_endpoint" {
  type    = text
  default = "https://s3.exemple.invalid"
}

variable "s3_bucket" {
  type    = text
  default = "opendata"
}

variable "s3_region" {
  type    = text
  default = "us-east-1"
}

# Vrai pour un serveur de la maison, sans TLS ni nom par bucket.
variable "s3_maison" {
  type    = bool
  default = false
}

secret "s3_access_key" {
  env = "LAVOIR_S3_ACCESS_KEY"
}

secret "s3_secret_key" {
  env = "LAVOIR_S3_SECRET_KEY"
}

connection "s3" "stockage" {
  endpoint   = var.s3_endpoint
  bucket     = var.s3_bucket
  region     = var.s3_region
  path_style = var.s3_maison
  insecure   = var.s3_maison
  access_key = secret.s3_access_key
  secret_key = secret.s3_secret_key
}

pipeline "subventions_s3" {
  partition "exercice" {
    values = var.exercices
  }
  authorization {
    allowed   = var.publier_s3
    reference = "décret 2017-779, conventions de plus de 23 000 euros"
  }
  source "file" "conventions" {
    connection = connection.local.depot
    path       = var.fichier
    not_personal = {
      NomAttribuant = "l'attribuant est une collectivité"
      idAttribuant  = "l'attribuant est une collectivité"
    }
    format "csv" {
      encoding  = "cp1252"
      delimiter = ";"
      decimal   = ","
      thousands = " "
      columns = {
        dateConvention        = date
        montant               = decimal(12, 2)
        pourcentageSubvention = decimal(5, 4)
      }
    }
  }
  steps = steps.conventions
  privacy {
    use = privacy.beneficiaires
  }
  load "s3" "stockage" {
    connection = connection.s3.stockage
    prefix     = "subventions/${partition.key}"
    name       = "subventions"
    file "parquet" {}
    file "csv" {
      profile = "scdl"
    }
  }
}
