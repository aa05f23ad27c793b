//! What forms say whose fields an operator chooses, in each language.

use super::Language;

/// What they say in one language; `{}` is a number.
#[derive(Debug)]
pub(super) struct DetailWords {
    pub(super) sign_up: &'static str,
    pub(super) have_account: &'static str,
    pub(super) signed_up: &'static str,
    pub(super) edit: &'static str,
    pub(super) save: &'static str,
    pub(super) saved: &'static str,
    pub(super) back: &'static str,
    pub(super) optional: &'static str,
    pub(super) read_it: &'static str,
    pub(super) at_least: &'static str,
    pub(super) kinds: &'static str,

    pub(super) fields: &'static str,
    pub(super) not_kept: &'static str,
    pub(super) outrun: &'static str,
    pub(super) later: &'static str,
    pub(super) unavailable: &'static str,

    pub(super) missing: &'static str,
    pub(super) not_agreed: &'static str,
    pub(super) no_email: &'static str,
    pub(super) no_number: &'static str,
    pub(super) no_date: &'static str,
    pub(super) too_short: &'static str,
    pub(super) too_long: &'static str,
    pub(super) too_small: &'static str,
    pub(super) too_large: &'static str,
    pub(super) unfit: &'static str,
    pub(super) taken: &'static str,
    pub(super) too_early: &'static str,
    pub(super) differs: &'static str,
    pub(super) wrong_password: &'static str,
    pub(super) plain: &'static str,
    pub(super) like_login: &'static str,
    pub(super) weak: &'static str,
}

impl Language {
    pub(super) fn detail_words(self) -> &'static DetailWords {
        match self {
            Self::Korean => &KOREAN,
            Self::English => &ENGLISH,
        }
    }
}

const KOREAN: DetailWords = DetailWords {
    sign_up: "회원가입",
    have_account: "이미 계정이 있으신가요? 로그인",
    signed_up: "회원가입이 완료되었습니다. 로그인해 주세요.",
    edit: "내 정보 수정",
    save: "저장",
    saved: "내 정보를 저장했습니다.",
    back: "내 계정으로 돌아가기",
    optional: "(선택)",
    read_it: "내용 보기",
    at_least: "{}자 이상 입력해 주세요.",
    kinds: "소문자, 대문자, 숫자, 특수문자 중 {}가지 이상을 포함해 주세요.",

    fields: "입력한 내용을 확인해 주세요.",
    not_kept: "입력한 내용을 저장할 수 없습니다. 너무 길거나 사용할 수 없는 문자가 없는지 확인해 주세요.",
    outrun: "그 사이에 정보가 변경되었습니다. 다시 시도해 주세요.",
    later: "시도 횟수가 너무 많습니다. 잠시 후 다시 시도해 주세요.",
    unavailable: "지금은 처리할 수 없습니다. 잠시 후 다시 시도해 주세요.",

    missing: "필수 항목입니다.",
    not_agreed: "동의가 필요합니다.",
    no_email: "올바른 이메일 주소를 입력해 주세요.",
    no_number: "숫자로 입력해 주세요.",
    no_date: "올바른 날짜를 입력해 주세요.",
    too_short: "{}자 이상 입력해 주세요.",
    too_long: "{}자 이하로 입력해 주세요.",
    too_small: "{} 이상의 값을 입력해 주세요.",
    too_large: "{} 이하의 값을 입력해 주세요.",
    unfit: "사용할 수 없는 값입니다.",
    taken: "이미 사용 중입니다.",
    too_early: "탈퇴한 지 얼마 되지 않아 아직 다시 가입할 수 없습니다.",
    differs: "비밀번호가 서로 다릅니다.",
    wrong_password: "비밀번호가 올바르지 않습니다.",
    plain: "소문자, 대문자, 숫자, 특수문자 중 {}가지 이상을 포함해 주세요.",
    like_login: "로그인에 쓰는 이름과 다른 비밀번호를 입력해 주세요.",
    weak: "사용할 수 없는 비밀번호입니다.",
};

const ENGLISH: DetailWords = DetailWords {
    sign_up: "Sign up",
    have_account: "Do you have an account? Log in",
    signed_up: "Your account is there. Log in with it.",
    edit: "Edit profile",
    save: "Save",
    saved: "Your profile was saved.",
    back: "Back to my account",
    optional: "(optional)",
    read_it: "Read it",
    at_least: "At least {} characters.",
    kinds: "At least {} of these: small letters, capital letters, digits, other characters.",

    fields: "Check what you have entered.",
    not_kept: "This cannot be saved. Check that nothing is too long or has characters that cannot be used.",
    outrun: "Your profile was changed meanwhile. Try again.",
    later: "There were too many attempts. Try again in a little while.",
    unavailable: "This is not possible at the moment. Try again in a little while.",

    missing: "This has to be filled in.",
    not_agreed: "You have to agree to this.",
    no_email: "Enter an e-mail address, such as name@example.com.",
    no_number: "Enter a number.",
    no_date: "Enter a date.",
    too_short: "Enter at least {} characters.",
    too_long: "Enter at most {} characters.",
    too_small: "Enter {} or more.",
    too_large: "Enter {} or less.",
    unfit: "This value cannot be used.",
    taken: "This is taken already.",
    too_early: "This account was deleted a short time ago. It cannot be opened again yet.",
    differs: "The two passwords differ.",
    wrong_password: "The password is not right.",
    plain: "Use at least {} of these: small letters, capital letters, digits, other characters.",
    like_login: "Choose a password that is not what you log in with.",
    weak: "This password cannot be used.",
};
