//! What fields of forms are called, where their names say what they are, so that operators need not say it.

use super::{Kind, Language};

/// What is known of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownField {
    korean: &'static str,
    english: &'static str,
    /// How it is typed.
    pub kind: Kind,
    /// What browsers and programs that keep addresses fill in (HTML standard, section "Autofill"); empty where nothing is known.
    pub autocomplete: &'static str,
}

const fn field(
    korean: &'static str,
    english: &'static str,
    kind: Kind,
    autocomplete: &'static str,
) -> KnownField {
    KnownField {
        korean,
        english,
        kind,
        autocomplete,
    }
}

/// Names as columns and fields have them, in small letters, the words parted by `_` or by nothing.
const KNOWN: [(&[&str], KnownField); 33] = [
    (
        &["login"],
        field(
            "이메일 또는 아이디",
            "E-mail or user name",
            Kind::Text,
            "username",
        ),
    ),
    (
        &["email", "mail", "useremail", "emailaddress"],
        field("이메일", "E-mail", Kind::Email, "email"),
    ),
    (
        &["userid", "username", "loginid", "account", "accountid"],
        field("아이디", "User name", Kind::Text, "username"),
    ),
    (
        &["password", "newpassword"],
        field("비밀번호", "Password", Kind::Password, "new-password"),
    ),
    (
        &["passwordagain"],
        field(
            "비밀번호 확인",
            "Password again",
            Kind::Password,
            "new-password",
        ),
    ),
    (
        &["currentpassword"],
        field(
            "현재 비밀번호",
            "Current password",
            Kind::Password,
            "current-password",
        ),
    ),
    (
        &["name", "fullname", "realname"],
        field("이름", "Name", Kind::Text, "name"),
    ),
    (
        &["firstname", "givenname"],
        field("이름", "First name", Kind::Text, "given-name"),
    ),
    (
        &["lastname", "familyname"],
        field("성", "Last name", Kind::Text, "family-name"),
    ),
    (
        &["nickname", "nick", "displayname"],
        field("닉네임", "Nickname", Kind::Text, "nickname"),
    ),
    (
        &[
            "phone",
            "phonenumber",
            "mobile",
            "mobilenumber",
            "cellphone",
            "tel",
            "telephone",
        ],
        field("휴대폰 번호", "Phone number", Kind::Phone, "tel"),
    ),
    (
        &["birthday", "birthdate", "birth", "dateofbirth", "bday"],
        field("생년월일", "Date of birth", Kind::Text, "bday"),
    ),
    (
        &["gender", "sex"],
        field("성별", "Gender", Kind::Text, "sex"),
    ),
    (
        &["year", "birthyear", "yy", "yyyy"],
        field("연도", "Year", Kind::Number, ""),
    ),
    (
        &["month", "birthmonth", "mm"],
        field("월", "Month", Kind::Number, ""),
    ),
    (&["day", "dd"], field("일", "Day", Kind::Number, "")),
    (&["age"], field("나이", "Age", Kind::Number, "")),
    (
        &["address", "addr"],
        field("주소", "Address", Kind::Text, "street-address"),
    ),
    (
        &["zip", "zipcode", "postalcode", "postcode"],
        field("우편번호", "Postal code", Kind::Text, "postal-code"),
    ),
    (
        &["country"],
        field("국가", "Country", Kind::Text, "country-name"),
    ),
    (
        &["city"],
        field("도시", "City", Kind::Text, "address-level2"),
    ),
    (
        &["company", "organization"],
        field("회사", "Company", Kind::Text, "organization"),
    ),
    (
        &["job", "jobtitle"],
        field("직업", "Job", Kind::Text, "organization-title"),
    ),
    (&["department"], field("부서", "Department", Kind::Text, "")),
    (&["school"], field("학교", "School", Kind::Text, "")),
    (&["major"], field("전공", "Major", Kind::Text, "")),
    (
        &["studentid", "studentnumber", "studentno"],
        field("학번", "Student number", Kind::Text, ""),
    ),
    (
        &["introduction", "intro", "bio", "aboutme"],
        field("자기소개", "About you", Kind::Text, ""),
    ),
    (
        &["homepage", "website", "url", "blog"],
        field("홈페이지", "Website", Kind::Address, "url"),
    ),
    (
        &[
            "terms",
            "termsofservice",
            "termsofuse",
            "tos",
            "agree",
            "agreed",
            "agreement",
        ],
        field(
            "이용약관에 동의합니다",
            "I agree to the terms of use",
            Kind::Box,
            "",
        ),
    ),
    (
        &["privacy", "privacypolicy", "privacyagreed"],
        field(
            "개인정보 수집 및 이용에 동의합니다",
            "I agree that my personal data is collected and used",
            Kind::Box,
            "",
        ),
    ),
    (
        &["marketing", "marketingagreed", "letters", "newsletter"],
        field(
            "소식과 혜택 알림을 받겠습니다",
            "I want to be told of news and offers",
            Kind::Box,
            "",
        ),
    ),
    (
        &["adult", "over14", "isover14", "age14"],
        field(
            "만 14세 이상입니다",
            "I am at least 14 years old",
            Kind::Box,
            "",
        ),
    ),
];

impl KnownField {
    /// What a field of this name is, if it is known; of `profile.nickname` the last part counts.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.rsplit('.').next().unwrap_or_default();
        let letters = name.chars().filter(|it| !matches!(it, '_' | '-'));
        let name: String = letters.map(|it| it.to_ascii_lowercase()).collect();
        let mut known = KNOWN.iter();
        let found = known.find(|(names, _)| names.contains(&name.as_str()));
        found.map(|(_, field)| *field)
    }

    /// What users read.
    pub fn label(self, language: Language) -> &'static str {
        match language {
            Language::Korean => self.korean,
            Language::English => self.english,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_known_however_its_name_is_spelled() {
        for name in [
            "phone_number",
            "phoneNumber",
            "PHONE-NUMBER",
            "profile.phone_number",
        ] {
            let known = KnownField::of(name).expect(name);
            assert_eq!(known.label(Language::English), "Phone number");
            assert_eq!(known.kind, Kind::Phone);
        }
        for other in ["", ".", "profile.", "hashed_email", "password2x", "이름"] {
            assert_eq!(KnownField::of(other), None, "{other}");
        }
    }

    #[test]
    fn no_name_is_known_twice() {
        let names: Vec<&str> = KNOWN
            .iter()
            .flat_map(|(names, _)| *names)
            .copied()
            .collect();
        for (place, name) in names.iter().enumerate() {
            assert!(!names[..place].contains(name), "{name}");
            assert!(KnownField::of(name).is_some(), "{name}");
        }
    }
}
