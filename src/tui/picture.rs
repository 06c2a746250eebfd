//! Pictures, drawn in cells of two pixels each, or by the terminal where that can.
//!
//! A picture is decoded by a thread, one at a time, and only a small copy of it is kept. How
//! large it may be is asked before it is unpacked: a file of some kilobytes can claim any
//! size. What the terminal is to show is made of that copy by a thread as well, for as many
//! columns as there are; until then there are the cells.

use std::io::Cursor;
use std::sync::Arc;

use image::imageops::thumbnail;
use image::{ImageError, ImageReader, Limits, RgbaImage};
use imagesize::ImageType;

use crate::body::{Unpacking, read};
use crate::exchange::{Exchange, ExchangeId};
use crate::terminal::Graphic;

use super::canvas::Canvas;
use super::colours::Colour;
use super::detail::Side;
use super::message::Message;
use super::taking::body;

/// Pixels that a picture may have: 40 million take about half a second and 160 MB.
const MOST_PIXELS: usize = 40_000_000;
/// Pixels of each side.
const LONGEST_SIDE: u32 = 30_000;
/// Bytes that a decoder may take, for the pixels and for itself.
const MOST_MEMORY: u64 = 320 << 20;
/// Pixels of each side of the copy that is kept: no pane has more columns.
const KEPT: u32 = 400;
/// The same for a terminal that shows pictures itself: 120 columns of 10 pixels.
const KEPT_SHARP: u32 = 1200;
/// Rows that a picture takes at most.
pub(super) const MOST_ROWS: u32 = 48;
/// From here on a pixel counts as one that is not seen through.
const OPAQUE: u8 = 128;

/// A cell: the pixel above and the one below, where they are not seen through.
pub(super) type Halves = [Option<Colour>; 2];

/// A picture, made small.
pub(super) struct Picture(RgbaImage);

impl std::fmt::Debug for Picture {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Picture({}×{})", self.0.width(), self.0.height())
    }
}

/// What is known of the picture in a body.
#[derive(Clone, Debug, Default)]
pub(super) enum Seen {
    /// That there is none, or none that could be drawn.
    #[default]
    Nothing,
    Decoding,
    Picture(Shown),
    /// Why there is none to be seen.
    Refused(String),
}

/// A picture that was decoded, and what was made of it for the terminal: on which canvas,
/// and nothing where that failed.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) picture: Arc<Picture>,
    painted: Option<(Canvas, Option<Arc<Graphic>>)>,
}

impl Shown {
    /// What the terminal is to show in so many columns, once that is there.
    pub(super) fn graphic(&self, columns: usize) -> Option<&Arc<Graphic>> {
        let (canvas, graphic) = self.painted.as_ref()?;
        graphic.as_ref().filter(|_| canvas.columns == columns)
    }
}

/// Whose picture, with how many bytes there were of it.
type Of = (ExchangeId, Side, u64);

/// The picture of the detail pane.
#[derive(Debug, Default)]
pub(super) struct Gallery {
    of: Option<Of>,
    seen: Seen,
    /// How often that has changed.
    pub(super) changes: u32,
    /// Whether something is being made.
    is_busy: bool,
    /// How often something was made for the terminal.
    painted: u8,
}

/// A picture that is to be decoded, or made ready for the terminal.
#[derive(Debug)]
pub struct Decoding {
    of: Of,
    work: Work,
}

#[derive(Debug)]
enum Work {
    /// Down to so many pixels of each side.
    Decode {
        bytes: Vec<u8>,
        kept: u32,
    },
    Paint {
        picture: Arc<Picture>,
        canvas: Canvas,
        number: u8,
    },
}

/// A picture that was, or why not.
#[derive(Clone, Debug)]
pub struct Decoded {
    of: Of,
    seen: Seen,
}

impl Decoding {
    /// Does it, which may take half a second.
    pub fn finish(self) -> Message {
        let seen = match self.work {
            Work::Decode { bytes, kept } => match decode(&bytes, kept) {
                Ok(picture) => {
                    Seen::Picture(Shown { picture: Arc::new(picture), painted: None })
                }
                Err(why) => Seen::Refused(why),
            },
            Work::Paint { picture, canvas, number } => {
                let graphic = canvas.paint(&picture.0, number).ok().map(Arc::new);
                Seen::Picture(Shown { picture, painted: Some((canvas, graphic)) })
            }
        };
        Message::Picture(Decoded { of: self.of, seen })
    }
}

impl Gallery {
    /// What is known of the picture of that side.
    pub(super) fn seen(&self, exchange: &Exchange, side: Side) -> &Seen {
        let of = of(exchange, side);
        if self.of == Some(of) { &self.seen } else { &Seen::Nothing }
    }

    /// The picture of that side, where it is one that is not known, or not as it is to be
    /// shown, and nothing else is being made.
    pub(super) fn want(
        &mut self,
        exchange: &Exchange,
        side: Side,
        unpacking: Unpacking,
        canvas: Option<Canvas>,
    ) -> Option<Decoding> {
        let of = of(exchange, side);
        if self.is_busy {
            return None;
        }
        if self.of == Some(of) {
            return self.want_painted(of, canvas?);
        }
        let (body, headers) = body(exchange, side);
        if exchange.outcome.is_none() || !body.is_whole() {
            return None;
        }
        let bytes = read(&body.kept, headers, unpacking).content;
        let is_known = imagesize::image_type(&bytes).is_ok_and(|kind| {
            matches!(
                kind,
                ImageType::Png | ImageType::Jpeg | ImageType::Gif | ImageType::Webp
            )
        });
        self.of = Some(of);
        self.seen = if is_known { Seen::Decoding } else { Seen::Nothing };
        self.changes += 1;
        self.is_busy = is_known;
        let kept = if canvas.is_some() { KEPT_SHARP } else { KEPT };
        let work = || Work::Decode { bytes: bytes.into_owned(), kept };
        is_known.then(|| Decoding { of, work: work() })
    }

    /// The picture that is known, where it was not made for that canvas.
    fn want_painted(&mut self, of: Of, canvas: Canvas) -> Option<Decoding> {
        let Seen::Picture(shown) = &self.seen else { return None };
        if shown.painted.as_ref().is_some_and(|(painted, _)| *painted == canvas) {
            return None;
        }
        self.is_busy = true;
        self.painted = self.painted.wrapping_add(1);
        let (picture, number) = (Arc::clone(&shown.picture), self.painted);
        Some(Decoding { of, work: Work::Paint { picture, canvas, number } })
    }

    /// Takes in what came of it.
    pub(super) fn take(&mut self, decoded: Decoded) {
        (self.of, self.seen) = (Some(decoded.of), decoded.seen);
        self.is_busy = false;
        self.changes += 1;
    }
}

fn of(exchange: &Exchange, side: Side) -> Of {
    (exchange.id, side, body(exchange, side).0.total)
}

/// A copy of a picture of no more than so many pixels of each side; an error is a reason
/// for the user.
fn decode(bytes: &[u8], kept: u32) -> Result<Picture, String> {
    let size = imagesize::blob_size(bytes).map_err(|error| error.to_string())?;
    if size.width.saturating_mul(size.height) > MOST_PIXELS {
        return Err("it has too many pixels to be drawn".to_owned());
    }
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| error.to_string())?;
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| match error {
        ImageError::Limits(_) => "it would take too much memory to be drawn".to_owned(),
        error => error.to_string(),
    })?;
    // What is smaller stays as it is.
    let (width, height) = fit((picture.width(), picture.height()), (kept, kept));
    Ok(Picture(picture.thumbnail_exact(width, height).into_rgba8()))
}

/// The size that is not larger than so many pixels, with the same proportions.
pub(super) fn fit(
    (width, height): (u32, u32),
    (most_wide, most_high): (u32, u32),
) -> (u32, u32) {
    let (width, height) = (width.max(1), height.max(1));
    let wide = f64::from(most_wide) / f64::from(width);
    let high = f64::from(most_high) / f64::from(height);
    let scale = wide.min(high).min(1.0);
    #[expect(clippy::cast_sign_loss, reason = "both factors are above zero")]
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    (scaled(width), scaled(height))
}

impl Picture {
    /// The cells of it in so many columns.
    pub(super) fn rows(&self, columns: usize) -> Vec<Vec<Halves>> {
        let most = u32::try_from(columns.max(1)).unwrap_or(u32::MAX);
        let (width, height) = (self.0.width(), self.0.height());
        let (width, height) = fit((width, height), (most, 2 * MOST_ROWS));
        let small = thumbnail(&self.0, width, height);
        let pixel = |x: u32, y: u32| {
            let [red, green, blue, alpha] = small.get_pixel_checked(x, y)?.0;
            (alpha >= OPAQUE).then_some([red, green, blue])
        };
        let row = |row: u32| {
            (0..width).map(|x| [pixel(x, 2 * row), pixel(x, 2 * row + 1)]).collect()
        };
        (0..height.div_ceil(2)).map(row).collect()
    }
}

/// What a cell shows, of which the foreground is one pixel and the background the other.
pub(super) fn symbol(halves: Halves) -> char {
    match halves {
        [Some(_), _] => '▀',
        [None, Some(_)] => '▄',
        [None, None] => ' ',
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, ImageFormat, Rgba};

    use super::*;

    fn encoded(picture: RgbaImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        let picture = DynamicImage::ImageRgba8(picture);
        let picture = match format {
            ImageFormat::Jpeg => DynamicImage::ImageRgb8(picture.into_rgb8()),
            _ => picture,
        };
        picture.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    #[test]
    fn each_kind_of_picture_is_decoded_to_its_pixels() {
        for format in
            [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP, ImageFormat::Jpeg]
        {
            let red = RgbaImage::from_pixel(4, 3, Rgba([250, 0, 0, 255]));
            let rows =
                decode(&encoded(red, format), KEPT).map(|picture| picture.rows(80));
            let rows = rows.unwrap_or_default();
            assert_eq!((rows.len(), rows[0].len()), (2, 4), "{format:?}");
            let [Some([red, green, _]), Some(_)] = rows[0][0] else { panic!() };
            assert!(red > 240 && green < 10, "{format:?}");
            assert_eq!(rows[1][0][1], None, "there is no fourth row");
        }
    }

    #[test]
    fn what_is_seen_through_is_no_pixel_and_large_pictures_fit() {
        let mut picture = RgbaImage::from_pixel(2000, 1000, Rgba([0, 0, 200, 255]));
        for x in 0..1000 {
            for y in 0..1000 {
                picture.put_pixel(x, y, Rgba([0, 0, 0, 0]));
            }
        }
        let bytes = encoded(picture, ImageFormat::Png);
        let rows =
            decode(&bytes, KEPT).map(|picture| picture.rows(40)).unwrap_or_default();
        assert_eq!((rows.len(), rows[0].len()), (10, 40));
        assert_eq!(
            rows[0].iter().map(|cell| symbol(*cell)).collect::<String>(),
            " ".repeat(20) + &"▀".repeat(20)
        );
    }

    #[test]
    fn a_file_that_claims_too_much_is_refused_before_it_is_unpacked() {
        let mut png = encoded(RgbaImage::new(1, 1), ImageFormat::Png);
        png[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let refused = decode(&png, KEPT).map(|_| ()).unwrap_err();
        assert_eq!(refused, "it has too many pixels to be drawn");
        let wide = encoded(RgbaImage::new(LONGEST_SIDE + 1, 1), ImageFormat::Png);
        let refused = decode(&wide, KEPT).map(|_| ()).unwrap_err();
        assert_eq!(refused, "it would take too much memory to be drawn");
    }

    #[test]
    fn what_is_broken_is_refused_with_a_reason_and_never_panics() {
        for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
            let whole = encoded(RgbaImage::from_pixel(9, 9, Rgba([1; 4])), format);
            for cut in 0..whole.len() {
                let _either = decode(&whole[..cut], KEPT);
                let mut bent = whole.clone();
                bent[cut] ^= 0xff;
                let _either = decode(&bent, KEPT);
            }
            assert!(decode(&whole[..30], KEPT).is_err());
        }
    }
}
