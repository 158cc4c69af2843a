//! Decides which column of a table says what, by its heading.

use std::fmt;

/// What a column says about a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The card's own number, which no two rows share. Never compared.
    Id,
    /// A name, or a part of one; several columns are read in their order.
    Name,
    /// Telephone numbers; several columns, and several in a cell, are all compared with all.
    Phone,
    /// An e-mail address.
    Email,
    /// A date of birth.
    Born,
    /// The number of an identity card, passport or social security.
    Identity,
    /// Street, house, RT/RW; several columns are one address.
    Street,
    /// Town, district, province.
    Place,
    /// A postcode.
    Postcode,
    /// Male or female.
    Sex,
}

/// Every role with its name and the headings by which it is known, in lower case and without anything but letters and digits.
pub const ROLES: [(Role, &str, &[&str]); 10] = [
    (
        Role::Id,
        "id",
        &[
            "id",
            "recid",
            "recordid",
            "cardno",
            "cardnumber",
            "cardid",
            "card",
            "nokartu",
            "nomorkartu",
            "kartu",
            "idkartu",
            "customerid",
            "custid",
            "customerno",
            "memberid",
            "memberno",
            "membercode",
            "cardcode",
            "kodekartu",
            "vipno",
            "vipid",
            "nomember",
            "nomormember",
            "idmember",
            "kodemember",
            "kodepelanggan",
            "idpelanggan",
            "nopelanggan",
            "rowid",
            "no",
        ],
    ),
    (
        Role::Name,
        "name",
        &[
            "name",
            "nama",
            "fullname",
            "namalengkap",
            "customername",
            "namapelanggan",
            "membername",
            "cardholder",
            "cardholdername",
            "cardname",
            "holder",
            "holdername",
            "namapemegang",
            "namakartu",
            "nameoncard",
            "displayname",
            "givenname",
            "firstname",
            "namadepan",
            "middlename",
            "namatengah",
            "surname",
            "lastname",
            "familyname",
            "namabelakang",
            "namakeluarga",
        ],
    ),
    (
        Role::Phone,
        "phone",
        &[
            "phone",
            "phone1",
            "phone2",
            "phone3",
            "telephone",
            "tel",
            "tel1",
            "tel2",
            "telp",
            "telepon",
            "telpon",
            "notelp",
            "notelepon",
            "nomortelepon",
            "hp",
            "hp1",
            "hp2",
            "nohp",
            "nomorhp",
            "handphone",
            "mobile",
            "mobilephone",
            "mobileno",
            "mobilenumber",
            "cell",
            "cellphone",
            "whatsapp",
            "wa",
            "nowa",
            "phonenumber",
            "phoneno",
            "homephone",
            "officephone",
            "workphone",
            "contactnumber",
            "kontak",
            "msisdn",
        ],
    ),
    (Role::Email, "email", &["email", "emailaddress", "mail", "surel", "alamatemail"]),
    (
        Role::Born,
        "born",
        &[
            "born",
            "dateofbirth",
            "dob",
            "birthdate",
            "birthday",
            "dateborn",
            "tanggallahir",
            "tgllahir",
            "lahir",
        ],
    ),
    (
        Role::Identity,
        "identity",
        &[
            "identity",
            "nik",
            "noktp",
            "ktp",
            "nomorktp",
            "nationalid",
            "identityno",
            "identitynumber",
            "identityid",
            "socsecid",
            "ssn",
            "nomoridentitas",
            "noidentitas",
            "passport",
            "paspor",
            "idnumber",
        ],
    ),
    (
        Role::Street,
        "street",
        &[
            "street",
            "address",
            "alamat",
            "address1",
            "address2",
            "address3",
            "alamat1",
            "alamat2",
            "addressline1",
            "addressline2",
            "streetaddress",
            "streetnumber",
            "streetname",
            "jalan",
            "housenumber",
            "houseno",
            "norumah",
            "rt",
            "rw",
            "rtrw",
            "alamatlengkap",
            "alamatrumah",
            "homeaddress",
        ],
    ),
    (
        Role::Place,
        "place",
        &[
            "place",
            "city",
            "kota",
            "town",
            "suburb",
            "district",
            "kabupaten",
            "kabkota",
            "kotakabupaten",
            "kelurahan",
            "kecamatan",
            "desa",
            "regency",
        ],
    ),
    (Role::Postcode, "postcode", &["postcode", "postalcode", "kodepos", "zip", "zipcode"]),
    (Role::Sex, "sex", &["sex", "gender", "jeniskelamin", "kelamin", "jk"]),
];

/// Which columns say what; columns nobody knows are left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// By the place in a row.
    pub roles: Vec<Option<Role>>,
    /// The headings as they are written.
    pub headings: Vec<String>,
}

/// Why a table's columns are of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// A role nobody knows.
    #[error(
        "no column can be a {0:?}; there are id, name, phone, email, born, identity, street, place, postcode, sex, and none for a column to be left alone"
    )]
    UnknownRole(String),
    /// A heading that is not there.
    #[error("there is no column {heading:?}; there are {}", .there.join(", "))]
    NoSuchColumn {
        /// What was asked for.
        heading: String,
        /// What there is.
        there: Vec<String>,
    },
    /// Nothing to compare.
    #[error("no column is known to be a name, a phone, an email, born or identity among {}; say which is, such as --column name=HEADING", .0.join(", "))]
    NothingToCompare(Vec<String>),
    /// Two ids.
    #[error("columns {0:?} and {1:?} both give the card's id; say which does: --column id=HEADING")]
    TwoIds(String, String),
}

impl Columns {
    /// Roles by heading; `given` are pairs of role and heading that stand over what the headings say.
    ///
    /// # Errors
    ///
    /// [`ColumnError`]: names the column, and what there is.
    pub fn read(headings: &[String], given: &[(String, String)]) -> Result<Self, ColumnError> {
        let mut roles: Vec<Option<Role>> = headings.iter().map(|heading| known(heading)).collect();
        for (role, heading) in given {
            let role = named(role)?;
            let at = headings.iter().position(|there| plain(there) == plain(heading)).ok_or_else(|| {
                ColumnError::NoSuchColumn { heading: heading.clone(), there: headings.to_vec() }
            })?;
            if role == Some(Role::Id) {
                roles.iter_mut().filter(|known| **known == Some(Role::Id)).for_each(|known| *known = None);
            }
            roles[at] = role;
        }
        let columns = Self { roles, headings: headings.to_vec() };
        columns.check()?;
        Ok(columns)
    }

    fn check(&self) -> Result<(), ColumnError> {
        let mut ids = self.of(Role::Id);
        if let (Some(first), Some(second)) = (ids.next(), ids.next()) {
            return Err(ColumnError::TwoIds(self.headings[first].clone(), self.headings[second].clone()));
        }
        let telling = [Role::Name, Role::Phone, Role::Email, Role::Born, Role::Identity];
        if !telling.iter().any(|role| self.of(*role).next().is_some()) {
            return Err(ColumnError::NothingToCompare(self.headings.clone()));
        }
        Ok(())
    }

    /// Where the columns of a role are.
    pub fn of(&self, role: Role) -> impl Iterator<Item = usize> {
        self.roles.iter().enumerate().filter(move |(_, one)| **one == Some(role)).map(|(at, _)| at)
    }

    /// Whether a column says this.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.of(role).next().is_some()
    }
}

fn plain(heading: &str) -> String {
    heading.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

fn known(heading: &str) -> Option<Role> {
    let plain = plain(heading);
    ROLES.iter().find(|(_, _, headings)| headings.contains(&plain.as_str())).map(|(role, _, _)| *role)
}

fn named(role: &str) -> Result<Option<Role>, ColumnError> {
    if role == "none" {
        return Ok(None);
    }
    let found = ROLES.iter().find(|(_, name, _)| *name == role).map(|(role, _, _)| Some(*role));
    found.ok_or_else(|| ColumnError::UnknownRole(role.to_owned()))
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ROLES.iter().find(|(role, _, _)| role == self).map_or("", |(_, name, _)| name);
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headings(line: &str) -> Vec<String> {
        line.split(',').map(str::to_owned).collect()
    }

    #[test]
    fn headings_say_what_they_are() {
        let columns = Columns::read(&headings("No. Kartu,Nama Lengkap,No HP,Tgl Lahir,Points"), &[]).unwrap();
        let roles = [Some(Role::Id), Some(Role::Name), Some(Role::Phone), Some(Role::Born), None];
        assert_eq!(columns.roles, roles);
    }

    #[test]
    fn a_column_can_be_told_what_it_is() {
        let given = [("id".to_owned(), "ref".to_owned()), ("name".to_owned(), "who".to_owned())];
        let columns = Columns::read(&headings("id,ref,who,hp"), &given).unwrap();
        assert_eq!(columns.roles, [None, Some(Role::Id), Some(Role::Name), Some(Role::Phone)]);
    }

    #[test]
    fn mistakes_name_the_way_out() {
        let wrong = |line: &str, role: &str, heading: &str| {
            let given = [(role.to_owned(), heading.to_owned())];
            Columns::read(&headings(line), &given).unwrap_err().to_string()
        };
        assert!(wrong("id,name", "nome", "name").contains("\"nome\""));
        assert!(wrong("id,name", "name", "nam").contains("id, name"));
        assert!(wrong("a,b", "none", "a").contains("--column"));
        assert!(wrong("id,no,name", "none", "name").contains("--column id"));
    }
}
